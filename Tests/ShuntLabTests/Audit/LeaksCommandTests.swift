import ArgumentParser
import Foundation
import RelayProtocol
import Testing

@testable import shunt_lab

/// The command as it is run, on files and on a process.
@Suite struct LeaksCommandTests {
  private final class Folder {
    let path: String

    init() throws {
      path = FileManager.default.temporaryDirectory.appendingPathComponent("shunt-leaks-\(UUID().uuidString)").path
      try FileManager.default.createDirectory(atPath: "\(path)/disk/deep", withIntermediateDirectories: true)
      try write("own-number/alice +447700900101 07700900101\nimsi/alice 234150999900101\n", "secrets")
      try write("nothing", "disk/file")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, _ name: String) throws { try write(Array(text.utf8), name) }
    func write(_ octets: [UInt8], _ name: String) throws {
      try Data(octets).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    func search(_ arguments: String...) throws -> LeakReport {
      try LeaksCommand.parse(["--secrets", "\(path)/secrets"] + arguments).search()
    }
  }

  @Test func aTreeIsSearchedWithItsFilesNames() throws {
    let folder = try Folder()
    let clean = try folder.search("\(folder.path)/disk")
    #expect(clean.isClean && clean.isProved && clean.searches[0].partCount == 1)
    try folder.write([0x29, 0x43, 0x51, 0x90, 0x99, 0x09, 0x10, 0x10], "disk/deep/cache")
    try folder.write("x", "disk/447700900101.txt")
    let report = try folder.search("\(folder.path)/disk")
    #expect(report.isProved && !report.isClean)
    #expect(Set(report.searches[0].findings.map { "\($0.secret): \($0.encoding) in \($0.place)" }) == [
      "imsi/alice: BCD, low nibble first in deep/cache", "own-number/alice: ASCII in the name of a file",
      "own-number/alice: national ASCII in the name of a file",
    ])
    #expect(!(report.json + report.lines.joined()).contains("0900101"))
  }

  @Test func largeFilesAreSearchedInPieces() throws {
    let folder = try Folder()
    var octets = [UInt8](repeating: 0x5A, count: OctetFile.pieceCount * 2)
    octets.replaceSubrange(OctetFile.pieceCount - 6..<OctetFile.pieceCount + 9, with: Array("234150999900101".utf8))
    try folder.write(octets, "dump")
    let report = try folder.search("\(folder.path)/dump")
    #expect(report.searches[0].findings == [
      LeakFinding(secret: "imsi/alice", encoding: "ASCII", place: "\(folder.path)/dump", offset: OctetFile.pieceCount - 6)
    ])
  }

  private func recording(_ records: [RecordedOctets]) -> [UInt8] {
    records.reduce(into: RecordedOctets.header) {
      $0 += RecordedOctets.recordHeader($1.kind, connection: $1.connection, octetCount: $1.octets.count) + $1.octets
    }
  }

  @Test func ownNumbersAreAcceptedWhereTheRelayOpenedThemOnly() throws {
    let folder = try Folder()
    let number = Array("+447700900101".utf8)
    try folder.write(
      recording([
        RecordedOctets(kind: .received, connection: 1, octets: [1, 2, 3]),
        RecordedOctets(kind: .opened, connection: 0, octets: number),
      ]), "frames")
    let clean = try folder.search("--frames", "\(folder.path)/frames")
    #expect(clean.isClean && clean.isProved && clean.searches[0].acceptedCount == 1)
    try folder.write(
      recording([
        RecordedOctets(kind: .sent, connection: 1, octets: Array(number[..<6])),
        RecordedOctets(kind: .received, connection: 1, octets: [1]),
        RecordedOctets(kind: .sent, connection: 1, octets: Array(number[6...])),
        RecordedOctets(kind: .opened, connection: 0, octets: Array("234150999900101".utf8)),
      ]), "frames")
    let report = try folder.search("--frames", "\(folder.path)/frames")
    #expect(Set(report.searches[0].findings.map { "\($0.secret) \($0.place)" }) == [
      "own-number/alice sent on connection 1", "imsi/alice opened by the relay",
    ])
    try folder.write(recording([RecordedOctets(kind: .sent, connection: 1, octets: [1, 2])]).dropLast(), "frames")
    #expect(throws: LabError.self) { try folder.search("--frames", "\(folder.path)/frames") }
  }

  /// A shell that has read a line, and waits.
  private func withShell(thatRead line: String, _ body: (String) throws -> Void) throws {
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = ["-c", "read number; echo; read end"]
    let (input, output) = (Pipe(), Pipe())
    shell.standardInput = input
    shell.standardOutput = output
    try shell.run()
    defer {
      // It may have this thread's blocked signals.
      kill(shell.processIdentifier, SIGKILL)
      shell.waitUntilExit()
    }
    input.fileHandleForWriting.write(Data("\(line)\n".utf8))
    _ = output.fileHandleForReading.availableData
    try body("\(shell.processIdentifier)")
  }

  @Test func theMemoryOfAProcessIsSearched() throws {
    let folder = try Folder()
    try withShell(thatRead: "nothing") { process in
      let report = try folder.search("--process", process)
      #expect(report.isClean && report.isProved && report.searches[0].octetCount > 10_000)
    }
    try withShell(thatRead: "07700900101") { process in
      let findings = try folder.search("--process", process).searches[0].findings
      #expect(findings.contains { $0.secret == "own-number/alice" && $0.encoding == "national ASCII" })
    }
  }

  @Test(arguments: [
    ("7f0000000000-7f0000001000 rw-p 00000000 00:00 0                          [heap]", "[heap]"),
    ("7f0000000000-7f0000001000 rw-s 00000000 08:01 12    /var/lib/relay/relay.db-shm", "/var/lib/relay/relay.db-shm"),
    ("7f0000000000-7f0000001000 r--p 00000000 00:00 0 ", ""),
    ("7f0000000000-7f0000001000 r-xp 00000000 08:01 12    /usr/bin/shunt-relay", nil),
    ("7f0000000000-7f0000001000 ---p 00000000 00:00 0 ", nil),
    ("7fff00000000-7fff00001000 r--p 00000000 00:00 0      [vvar]", nil), ("nonsense", nil), ("", nil),
  ] as [(String, String?)])
  func regions(line: String, name: String?) {
    #expect(MemorySearch.Region(line: line[...])?.name == name)
  }

  @Test func exitStatusesTell() throws {
    let folder = try Folder()
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let program = URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("shunt-lab")
    func status(_ arguments: String...) throws -> Int32 {
      let process = Process()
      process.executableURL = program
      process.arguments = ["leaks"] + arguments
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      return process.terminationStatus
    }
    let secrets = "\(folder.path)/secrets"
    #expect(try status("--secrets", secrets, "\(folder.path)/disk") == 0)
    #expect(try status("--secrets", secrets, "--json", secrets) == 1)
    #expect(try status("--secrets", secrets) == 64)
    #expect(try status("--secrets", "\(folder.path)/disk/file", secrets) == 64)
    #expect(try status("--secrets", secrets, "\(folder.path)/nowhere") == 66)
  }

  @Test(arguments: [[], ["--secrets", "x"], ["--secrets", "x", "--process", "0"], ["--secrets", "x", "--capture"]])
  func wrongUsageIsRefused(arguments: [String]) {
    #expect(throws: (any Error).self) { try LeaksCommand.parse(arguments) }
  }

  @Test func whatCanNotBeReadIsSaid() throws {
    let folder = try Folder()
    #expect(throws: LabError.self) { try folder.search("\(folder.path)/nowhere") }
    #expect(throws: LabError.self) { try folder.search("--capture", "\(folder.path)/disk/file") }
    #expect(throws: LabError.self) { try folder.search("--process", "999999999") }
    for (octets, words) in [(Array("no recording".utf8), "no recording of"), (RecordedOctets.header + [0x52, 0], "middle of a record")] {
      let path = "\(folder.path)/frames"
      try Data(octets).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: LabError.self) { try folder.search("--frames", path) }
      #expect(error.map { "\($0)" }?.contains(words) == true)
    }
  }
}
