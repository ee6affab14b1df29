import Foundation

/// A line of the decision log.
struct Decision: Decodable, Equatable, CustomStringConvertible {
  let id: String
  let direction: String
  let number: String?
  let parts: Int
  let route: String
  let reason: String?
  let outcome: String
  let attemptedIP: Bool
  let cause: String?

  enum CodingKeys: String, CodingKey {
    case id, direction, number, parts, route, reason, outcome, cause
    case attemptedIP = "attempted_ip"
  }

  init(json: String) throws {
    self = try JSONDecoder().decode(Decision.self, from: Data(json.utf8))
  }

  /// What tests compare: `out ip recipient-online delivered`.
  var description: String {
    [direction, route, reason, outcome].compactMap { $0 }.joined(separator: " ") + (cause.map { " – \($0)" } ?? "")
  }
}
