internal import FoundationEssentials

/// What `shunt-lab leaks` says.
struct LeakReport: Encodable {
  let secretCount: Int
  let patternCount: Int
  let leftOutCount: Int
  var searches: [LeakSearch] = []

  var isClean: Bool { searches.allSatisfy { $0.findings.isEmpty } }
  var isProved: Bool { searches.allSatisfy(\.isProved) }

  enum CodingKeys: String, CodingKey {
    case searches
    case secretCount = "secrets"
    case patternCount = "patterns"
    case leftOutCount = "left_out"
    case isClean = "clean"
    case isProved = "proved"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(secretCount, forKey: .secretCount)
    try container.encode(patternCount, forKey: .patternCount)
    try container.encode(leftOutCount, forKey: .leftOutCount)
    try container.encode(isClean, forKey: .isClean)
    try container.encode(isProved, forKey: .isProved)
    try container.encode(searches, forKey: .searches)
  }

  var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  var lines: [String] {
    let leftOut = leftOutCount == 0 ? "" : ", \(leftOutCount) more are too short to be told from chance"
    return ["looking for \(secretCount) secrets in \(patternCount) forms\(leftOut)"] + searches.flatMap(\.lines)
  }
}

extension LeakSearch {
  var lines: [String] {
    var parts: [String]
    switch kind {
    case .capture: parts = ["\(partCount) packets", "\(octetCount) octets", "\(streamCount) streams of TCP"]
    case .frames: parts = ["\(partCount) records", "\(octetCount) octets", "\(streamCount) streams"]
    case .files: parts = ["\(partCount) files", "\(octetCount) octets"]
    case .memory: parts = ["\(partCount) regions", "\(octetCount) octets"]
    }
    if unreadOctetCount > 0 { parts.append("\(unreadOctetCount) octets more could not be read") }
    if kind == .frames { parts.append("own numbers in what the relay opened: \(acceptedCount)") }
    parts.append("planted and found again: \(plantedFoundCount) of \(plantedCount)")
    let sum = findings.isEmpty ? "nothing found" : "FOUND:"
    return ["\(name): \(parts.joined(separator: ", ")); \(sum)"]
      + findings.map { finding in
        let times = finding.count == 1 ? "" : ", \(finding.count) times"
        return "  \(finding.secret) as \(finding.encoding), in \(finding.place) at \(finding.offset)\(times)"
      }
  }
}
