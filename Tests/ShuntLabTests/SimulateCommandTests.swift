import Foundation
import Testing

@testable import shunt_lab

/// `shunt-lab simulate` as a person runs it.
@Suite(.timeLimit(.minutes(5))) struct SimulateCommandTests {
  private func run(_ arguments: String...) throws -> (status: Int32, lines: [Substring]) {
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("shunt-lab")
    process.arguments = ["simulate"] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text.split(separator: "\n"))
  }

  @Test func aSeedDoesTheSameInEachProcess() throws {
    let runs = try (0..<2).map { _ in try run("--seed", "7", "--handsets", "3", "--messages", "40", "--trace") }
    #expect(runs.allSatisfy { $0.status == 0 })
    let traces = runs.map { $0.lines.filter { $0.first?.isNumber == true && $0.contains(" h") } }
    #expect(traces[0].count > 50 && traces[0] == traces[1])
    let hashes = runs.map { $0.lines.last }
    #expect(hashes[0]?.hasPrefix("trace ") == true && hashes[0] == hashes[1])
  }

  @Test func manySeedsRunInProcessesBesideEachOther() throws {
    let alone = try run("--seeds", "6", "--first", "40", "--handsets", "3", "--messages", "10", "--jobs", "1", "--json")
    let beside = try run("--seeds", "6", "--first", "40", "--handsets", "3", "--messages", "10", "--jobs", "3", "--json")
    #expect(alone.status == 0 && beside.status == 0 && alone.lines.count == 1)
    // Each process cuts its time to seconds.
    func figures(_ line: Substring?) -> [Substring] {
      (line?.split(separator: ",") ?? []).filter { !$0.contains("-seconds") }
    }
    #expect(figures(alone.lines.first).contains("{\"seeds\":6"))
    #expect(figures(alone.lines.first).contains("\"lost\":0") && figures(alone.lines.first).contains("\"duplicated\":0"))
    #expect(figures(alone.lines.first) == figures(beside.lines.first))
  }

  @Test func wrongUsageIsSaid() throws {
    #expect(try run("--handsets", "1").status == 64)
    #expect(try run("--only-faults", "1").status == 64)
    #expect(try run("--seed", "1", "--only-faults", "x").status == 64)
  }
}
