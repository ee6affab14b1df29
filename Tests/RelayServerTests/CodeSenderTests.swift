import Foundation
import RelayProtocol
import Telephony
import Testing

@testable import RelayServer

@Suite struct CodeSenderTests {
  private let number = try! PhoneNumber(e164: "+447700900142")

  /// For `sh` to read. Not itself executable: a file just written cannot be run while any other test forks.
  private func script(_ text: String) throws -> String {
    let path = TemporaryFiles.path("script")
    try "\(text)\n".write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  @Test func programGetsNumberAndTextOnStandardInput() throws {
    let output = TemporaryFiles.path("output")
    let program = try script("{ cat; printf '%s|' \"$@\"; env | grep -c 7700900142; } > \(output); exit 0")
    defer {
      try? FileManager.default.removeItem(atPath: output)
      try? FileManager.default.removeItem(atPath: program)
    }
    try CommandCodeSender(command: "sh \(program) one two").send("Shunt code: ACDEFGHJ", to: number)
    #expect(
      try String(contentsOfFile: output, encoding: .utf8) == "+447700900142\nShunt code: ACDEFGHJ\none|two|0\n")
  }

  @Test func failuresAreTold() throws {
    #expect(throws: CodeSenderError.failed(program: "false", exitStatus: 1)) {
      try CommandCodeSender(command: "false").send("text", to: number)
    }
    #expect(throws: CodeSenderError.cannotStart(program: "/nowhere/at-all", reason: "No such file or directory")) {
      try CommandCodeSender(command: "/nowhere/at-all").send("text", to: number)
    }
    // Better said at the start than to who waits for a code.
    try CommandCodeSender(command: "sh -c true").check()
    try CommandCodeSender(command: "/bin/sh").check()
    for program in ["/nowhere/at-all", "no-such-program", "/etc/passwd"] {
      #expect(throws: RelayError.noSenderProgram(program)) { try CommandCodeSender(command: "\(program) one").check() }
    }
    #expect(throws: RelayError.badSender("command: ")) { _ = try CommandCodeSender(command: " ") }
  }

  @Test func programThatHangsIsStoppedWithItsChildren() throws {
    let marker = TemporaryFiles.path("marker")
    let program = try script("(sleep 1; touch \(marker)) & sleep 60")
    defer { try? FileManager.default.removeItem(atPath: program) }
    #expect(throws: CodeSenderError.timedOut(program: "sh")) {
      try CommandCodeSender(command: "sh \(program)", timeout: .milliseconds(200)).send("text", to: number)
    }
    Thread.sleep(forTimeInterval: 1.5)
    #expect(!FileManager.default.fileExists(atPath: marker))
  }

  @Test func programThatReadsNothingIsNoTrouble() throws {
    try CommandCodeSender(command: "true").send("text", to: number)
  }

  @Test func logLineHasNoNumber() throws {
    let path = TemporaryFiles.path("codes")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let sender = LogCodeSender(path: path)
    try sender.send("Shunt code: ACDEFGHJ", to: number)
    try sender.send("Shunt code: KMNPQRTU", to: number)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text == "\(number.masked) Shunt code: ACDEFGHJ\n\(number.masked) Shunt code: KMNPQRTU\n")
    #expect(!text.contains("9001"))
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    #expect(throws: CodeSenderError.self) { try LogCodeSender(path: "/nowhere/codes").send("text", to: number) }
  }

  @Test func codesAreDrawnFromUnmistakableCharacters() {
    let codes = VerificationCodes()
    var seen: Set<String> = []
    for _ in 0..<500 {
      let code = codes.draw()
      #expect(code.count == 8)
      #expect(code.allSatisfy { "34679ACDEFGHJKMNPQRTUVWXY".contains($0) })
      seen.insert(code)
    }
    #expect(seen.count == 500)
  }

  @Test func codesAreKnownAgainAsAPersonTypesThem() throws {
    let codes = VerificationCodes()
    let one = try IdentityPublicKey([UInt8](repeating: 1, count: 32))
    let other = try IdentityPublicKey([UInt8](repeating: 2, count: 32))
    let digest = codes.digest("ACDEFGHJ", of: one)
    #expect(codes.isRight("ACDEFGHJ", of: one, digest))
    #expect(codes.isRight(" acde-fghj ", of: one, digest))
    #expect(!codes.isRight("ACDEFGHK", of: one, digest))
    #expect(!codes.isRight("ACDEFGH", of: one, digest))
    #expect(!codes.isRight("ACDEFGHJ", of: other, digest))
    #expect(!VerificationCodes().isRight("ACDEFGHJ", of: one, digest))
    #expect("\(digest)" == "code digest …")
  }
}
