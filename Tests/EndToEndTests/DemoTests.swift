import Foundation
import Testing

extension EndToEnd {
  /// What a person sees who runs `board/demo`, with the programs of this build.
  @Suite struct Demo {
    @Test func everyLineIsSoAndNothingIsLeft() throws {
      let demo = try RunningDemo()
      let result = demo.program.waitUntilEnded()
      #expect(result.status == 0, "\(result)")
      let lines = result.output.split(separator: "\n")
      #expect(lines.filter { $0.hasPrefix("ok ") }.count == 12, "\(result)")
      #expect(!result.output.contains("WRONG"))
      let decisions = try lines.filter { $0.hasPrefix("{") }.map { try Decision(json: String($0)) }
      #expect(
        decisions.map { "\($0)" } == [
          "out ip recipient-online delivered", "out carrier recipient-offline sent", "out carrier unknown-recipient sent",
          "out carrier emergency sent", "out carrier short-code sent", "out carrier disabled sent",
          "in ip recipient-online delivered",
        ])
      #expect(result.complaint == "")
      #expect(try demo.leftovers() == [])
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func nothingIsLeftWhenItIsInterrupted(signal: Int32) throws {
      let demo = try RunningDemo()
      try eventually("the demo has its handsets") { try demo.leftovers().count > 4 }
      sleep(2)
      #expect(demo.program.end(signal).status == 128 + signal)
      #expect(try demo.leftovers() == [])
    }

    /// A demo with its own directory for temporary files.
    final class RunningDemo {
      let program: RunningProgram
      private let directory: String

      init() throws {
        try Prerequisites.check()
        directory = try TemporaryDirectory.make("shunt-e2e")
        program = try Program.start(
          ["\(Prerequisites.repository)/board/demo", "--programs", Prerequisites.programs], environment: ["TMPDIR": directory])
      }

      deinit {
        try? FileManager.default.removeItem(atPath: directory)
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
