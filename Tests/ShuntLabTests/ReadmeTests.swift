import Foundation
import Simulation
import Testing

/// What the README says is shown by a test is.
@Suite struct ReadmeTests {
  private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private func sources() throws -> String {
    let tests = Self.repository.appendingPathComponent("Tests")
    let files = FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
    return try files.filter { $0.pathExtension == "swift" }.map { try String(contentsOf: $0, encoding: .utf8) }.joined(separator: "\n")
  }

  /// The last column of the tables that name tests: `Suite.test`, `test`, `…test`, `test(fault)` and `…(fault)`.
  private func names() throws -> [Substring] {
    let readme = try String(contentsOf: Self.repository.appendingPathComponent("README.md"), encoding: .utf8)
    var names: [Substring] = []
    var isNaming = false
    for line in readme.split(separator: "\n", omittingEmptySubsequences: false) {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard line.hasPrefix("|"), let last = cells.last else {
        isNaming = false
        continue
      }
      if last == "test" || last == "shown by the test" { isNaming = true }
      if isNaming { names += last.matches(of: /`([^`]+)`/).map { Substring($0.output.1) } }
    }
    return names
  }

  @Test func eachTestItNamesExists() throws {
    let sources = try sources()
    let names = try names()
    #expect(names.count > 60)
    // Those whom the end-to-end suite kills or unplugs.
    let cases = try #require(sources.firstMatch(of: /enum Victim: CaseIterable \{([^}]*)\}/)).output.1
    let victims = Set(cases.matches(of: /\w+/).map(\.output))
    for name in names {
      var name = name
      if let (_, test, argument) = name.firstMatch(of: /^([^(]+)\((\w+)\)$/)?.output {
        let isKnown = FaultKind.allCases.contains { "\($0)" == argument } || victims.contains(argument)
        #expect(isKnown, "\(argument) is no fault")
        guard test != "…" else { continue }
        name = test
      }
      let word = name.split(separator: ".").last.map { $0.filter { $0 != "…" } } ?? ""
      #expect(
        ["func \(word)(", "struct \(word) {", "struct \(word):"].contains { sources.contains($0) }, "\(name) is no test")
    }
  }
}
