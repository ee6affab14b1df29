import Foundation
import Testing

extension EndToEnd {
  /// `board/audit` with the programs of this build: it finds nothing, and it finds everything that is planted.
  @Suite struct Audit {
    @Test func nothingIsFoundAndNothingIsLeft() throws {
      let audit = try RunningAudit()
      let result = audit.program.waitUntilEnded()
      #expect(result.status == 0, "\(result)")
      #expect(!result.output.contains("WRONG"), "\(result)")
      #expect(result.output.contains("Nothing was found"))
      // That it looked: something passed, own numbers were opened, and every form was found where it was planted.
      let captures = try RunningAudit.searches(in: result.output, of: "enrolled.pcap")
      #expect(captures.count == 1 && !captures[0].hasPrefix("0 packets"), "\(result)")
      #expect(result.output.contains("own numbers in what the relay opened: 2"), "\(result)")
      let planted = result.output.matches(of: /planted and found again: ([0-9]+) of ([0-9]+)/)
      #expect(planted.count > 10 && planted.allSatisfy { $0.1 == $0.2 && (Int($0.1) ?? 0) > 500 }, "\(result)")
      #expect(try audit.leftovers() == [])
    }

    @Test func everythingPlantedIsFound() throws {
      let audit = try RunningAudit("--plant", "all")
      let result = audit.program.waitUntilEnded()
      #expect(result.status == 1, "\(result)")
      let problems = RunningAudit.problems(in: result.output)
      for (plant, line, problem) in Self.findings {
        #expect(problems[line]?.contains { $0.contains(problem) } == true, "\(plant): \(result)")
      }
      // And nothing but what was planted.
      #expect(Set(problems.keys) == Set(Self.findings.map(\.line)), "\(result)")
      // What was found is named, not shown.
      for secret in ["356938035643809", "700900379", "234159876501234", "8944110068256270054", "yellow umbrellas"] {
        #expect(!result.output.contains(secret), "\(result)")
      }
      #expect(try audit.leftovers() == [])
    }

    /// What is planted, the line that has to be wrong, and what it has to say.
    private static let findings: [(plant: String, line: String, problem: String)] = [
      ("packet-before", "before enable: not one packet on the handset's link", "DNS"),
      ("packet-after", "after disable: not one packet on the handset's link", "TCP"),
      ("other-packet", "enrolled: nothing on the handset's link but TLS 1.3 to the relay", "not between the handset and the relay"),
      ("plain-http", "enrolled: nothing on the handset's link but TLS 1.3 to the relay", "not TLS"),
      ("plain-http", "the captures have no secret", "imei/alice as ASCII, in TCP"),
      ("frame", "the frames have no secret but the own numbers that the relay opens", "contact-number/carol as ASCII"),
      ("disk", "the relay's disk has no secret", "imsi/alice as BCD, low nibble first, in cache"),
      ("log", "the relay's log has no secret, at its most talkative", "text/ip-out as"),
      ("memory", "the relay's memory has no secret, with both phones online and all texts delivered", "iccid/alice as ASCII"),
      ("shuntd-log", "shuntd's log and decision log have no secret", "imsi/alice as ASCII"),
      ("signal", "the signals have no secret", "contact-number/carol as ASCII"),
      ("argument", "arguments and environment of shuntd and the relay have no secret", "imei/alice as ASCII"),
      ("environment", "arguments and environment of shuntd and the relay have no secret", "own-number/alice as ASCII"),
      ("state-mode", "the state directory is this user's only", "others may use alice-state/enrolment"),
      ("core-limit", "shuntd and the relay dump no core", "other-shuntd may dump core"),
    ]

    @Test(arguments: [["--plant"], ["--plant", "nonsense"], ["--programs"], ["now"]])
    func wrongUsage(arguments: [String]) throws {
      try Prerequisites.check()
      #expect(try Program.run(["\(Prerequisites.repository)/board/audit"] + arguments).status == 64)
    }

    /// An audit with its own directory for temporary files.
    final class RunningAudit {
      let program: RunningProgram
      private let directory: String

      init(_ arguments: String...) throws {
        try Prerequisites.check()
        directory = try TemporaryDirectory.make("shunt-e2e")
        program = try Program.start(
          ["\(Prerequisites.repository)/board/audit", "--programs", Prerequisites.programs] + arguments,
          environment: ["TMPDIR": directory])
      }

      deinit {
        try? FileManager.default.removeItem(atPath: directory)
      }

      /// What the report says of a search, behind its name.
      static func searches(in output: String, of name: String) throws -> [String] {
        output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { $0.hasPrefix("\(name): ") }
          .map { String($0.dropFirst(name.count + 2)) }
      }

      /// The lines that are wrong, and what is said of each.
      static func problems(in output: String) -> [String: [String]] {
        var problems: [String: [String]] = [:]
        var current: String?
        for line in output.split(separator: "\n", omittingEmptySubsequences: false) {
          if line.hasPrefix("WRONG ") {
            let text = String(line.dropFirst(6))
            current = text
            problems[text] = []
          } else if line.hasPrefix("      "), let current {
            problems[current]?.append(line.trimmingCharacters(in: .whitespaces))
          } else {
            current = nil
          }
        }
        return problems
      }

      /// Its temporary files, namespaces, and processes that name the directory.
      func leftovers() throws -> [String] {
        let files = try FileManager.default.contentsOfDirectory(atPath: directory)
        let namespaces = try Program.run(["ip", "netns", "list"]).orThrow().output.split(whereSeparator: \.isWhitespace)
          .map(String.init).filter { $0.hasPrefix("shunt-") && $0.hasSuffix("-\(program.processID)") }
        let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
          Int32(name) != nil && TextFile.read("/proc/\(name)/cmdline").contains(directory)
        }
        return files + namespaces + processes
      }
    }
  }
}
