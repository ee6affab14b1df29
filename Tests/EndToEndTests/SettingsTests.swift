import Foundation
import Testing

extension EndToEnd {
  /// What is wrong in a settings file is said in one line, with the file, the group, the key and what was expected.
  @Suite struct SettingsFileTests {
    struct Mistake: CustomTestStringConvertible {
      let text: String
      /// What the line holds behind the file's name.
      let words: [String]
      var testDescription: String { text.replacingOccurrences(of: "\n", with: " ") }
    }

    static let mistakes: [Mistake] = [
      Mistake(text: "[policy]\nip-timeout=soon", words: ["[policy]", "ip-timeout", "soon", "1", "15"]),
      Mistake(text: "[policy]\nip-timeout=0", words: ["[policy]", "ip-timeout", "1", "15"]),
      Mistake(text: "[policy]\nip-timeout=16", words: ["[policy]", "ip-timeout", "1", "15"]),
      Mistake(text: "[policy]\niptimeout=6", words: ["[policy]", "iptimeout", "ip-timeout"]),
      Mistake(text: "[relais]\nhost=localhost", words: ["[relais]", "[relay]"]),
      Mistake(text: "[modem]\ndevice=cdc-wdm0", words: ["[modem]", "device", "cdc-wdm0", "/dev/cdc-wdm0"]),
      Mistake(text: "[relay]\nhost=localhost\nca=/x\nport=70000", words: ["[relay]", "port", "70000", "65535"]),
      Mistake(text: "[relay]\nhost=localhost", words: ["[relay]", "ca", "ca.pem"]),
      Mistake(text: "[log]\nnumbers=some", words: ["[log]", "numbers", "some", "masked", "clear"]),
      Mistake(text: "[control]\nbus=omni", words: ["[control]", "bus", "omni", "system"]),
      Mistake(text: "[proxy]\nsocket=/run/qmi", words: ["[proxy]", "socket", "/run/qmi", "qmi-proxy"]),
      Mistake(text: "no group", words: []),
    ]

    @Test(arguments: mistakes)
    func aMistakeIsNamed(mistake: Mistake) throws {
      try Prerequisites.check()
      let directory = try TemporaryDirectory.make("shunt-e2e")
      defer { try? FileManager.default.removeItem(atPath: directory) }
      let path = "\(directory)/shuntd.conf"
      try TextFile.write(mistake.text + "\n", to: path)
      for words in [["--check"], []] {
        let result = try Program.run([Prerequisites.shuntd, "--settings", path] + words, limit: 10)
        #expect(result.status == 78)
        #expect(result.text == "")
        #expect(result.complaint.hasPrefix("shuntd: \(path)"))
        #expect(result.complaint.split(separator: "\n").count == 1)
        let line = result.complaint.dropFirst("shuntd: \(path)".count)
        for word in mistake.words { #expect(line.contains(word), "\(line)") }
      }
    }

    @Test func theSampleIsInOrder() throws {
      try Prerequisites.check()
      let path = "\(Prerequisites.repository)/board/shuntd.conf"
      let result = try Program.run([Prerequisites.shuntd, "--settings", path, "--check"])
      #expect(result.status == 0)
      #expect(result.text == "\(path) is in order")
    }

    @Test func eachProgramTellsTheVersion() throws {
      try Prerequisites.check()
      var versions: Set<String> = []
      for program in [Prerequisites.shuntd, Prerequisites.shuntctl, Prerequisites.shuntRelay, Prerequisites.shuntLab] {
        let result = try Program.run([program, "--version"])
        #expect(result.status == 0 && result.complaint == "")
        versions.insert(result.text)
      }
      #expect(versions.count == 1 && versions.first?.wholeMatch(of: /\d+\.\d+\.\d+/) != nil)
    }

    @Test func aKeyIsNotMadeBesideSomethingElse() throws {
      try Prerequisites.check()
      for words in [["--new-identity-key", "--check"], ["--check", "--new-identity-key"]] {
        let result = try Program.run([Prerequisites.shuntd] + words)
        #expect(result.status == 64 && result.output == "")
        #expect(result.complaint == "shuntd: --new-identity-key goes with no other argument")
      }
      #expect(try Program.run([Prerequisites.shuntd, "--new-identity-key"]).status == 0)
    }

    @Test func wrongPlacesAreNamed() throws {
      try Prerequisites.check()
      for script in ["audit", "demo"] {
        let result = try Program.run(["\(Prerequisites.repository)/board/\(script)", "--programs", "/nonexistent"])
        #expect(result.status == 66 && result.complaint == "board/\(script): there is no directory /nonexistent")
      }
      for address in ["nowhere", "127.0.0.300"] {
        let result = try Program.run([Prerequisites.shuntRelay, "serve", "/nonexistent", "--bind", address])
        #expect(result.status == 64 && result.complaint.contains("--bind is an IP address of this machine"))
      }
    }

    @Test func aFileThatIsNotThereIsNamed() throws {
      try Prerequisites.check()
      let result = try Program.run([Prerequisites.shuntd, "--settings", "/nowhere/shuntd.conf"])
      #expect(result.status == 78)
      #expect(result.complaint == "shuntd: /nowhere/shuntd.conf: can't be read: No such file or directory")
    }
  }
}
