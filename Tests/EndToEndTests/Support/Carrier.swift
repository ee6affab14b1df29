import Foundation

/// A line of the carrier's record.
struct CarrierLine: Decodable, Equatable {
  /// `submit`, `inject`, `deliver` or `status-report`.
  let kind: String
  let outcome: String
  let from: String
  let to: String
  let text: String
  let total: Int?
  let part: Int?
}

/// The mock carrier of a rig.
final class Carrier {
  private let rig: Rig
  let socket: String
  private let recordPath: String

  init(_ rig: Rig) throws {
    self.rig = rig
    socket = rig.path("carrier.socket")
    recordPath = rig.path("carrier.jsonl")
    try rig.spawn(in: nil, "carrier", [Prerequisites.shuntLab, "carrier", "--socket", socket, "--record", recordPath])
    try eventually("the carrier is ready: \(rig.log(of: "carrier"))") { rig.log(of: "carrier").contains("ready") }
  }

  /// Everything that passed so far.
  func record() throws -> [CarrierLine] {
    try TextFile.lines(recordPath).map { try JSONDecoder().decode(CarrierLine.self, from: Data($0.utf8)) }
  }

  /// What passes while `body` runs.
  func passing(during body: () throws -> Void) throws -> [CarrierLine] {
    let before = try record().count
    try body()
    return Array(try record().dropFirst(before))
  }

  /// Sends a text from a service's side.
  func send(_ text: String, from sender: String, to number: String) throws {
    try Program.run([Prerequisites.shuntLab, "sms", "--carrier", socket, "--from", sender], input: "\(number)\n\(text)\n")
      .orThrow()
  }
}
