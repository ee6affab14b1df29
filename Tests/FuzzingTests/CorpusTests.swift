import Foundation
@testable import FuzzTargets
import Testing

/// What is kept of fuzzing: inputs that reach much, and those that once found something.
@Suite struct CorpusTests {
  @Test(arguments: FuzzTarget.allCases)
  func everyKeptInputPasses(target: FuzzTarget) throws {
    let inputs = try Corpus.inputs(target)
    #expect(!inputs.isEmpty)
    for (name, octets) in inputs {
      do throws(Finding) {
        try target.run(octets)
      } catch {
        Issue.record("\(name): \(error)")
      }
    }
  }

  /// What is tried is worth it: the programs together get everywhere.
  @Test func theProgramsGetEverywhere() throws {
    var reached: Set<Landmark> = []
    for (_, octets) in try Corpus.inputs(.interposer) { reached.formUnion(try InterposerProgram.reached(octets)) }
    #expect(Set(Landmark.allCases).subtracting(reached) == [])
  }

  @Test(arguments: FuzzTarget.allCases)
  func noInputIsTooMuch(target: FuzzTarget) throws {
    try target.run([])
    try target.run([UInt8](repeating: 0xFF, count: 70_000))
  }
}

private enum Corpus {
  static func inputs(_ target: FuzzTarget) throws -> [(name: String, octets: [UInt8])] {
    let folder = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fuzzing/Corpus/\(target.rawValue)")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    return try names.map { ($0, Array(try Data(contentsOf: folder.appendingPathComponent($0)))) }
  }
}
