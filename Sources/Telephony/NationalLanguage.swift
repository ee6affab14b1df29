/// The languages that have shift tables of their own (3GPP TS 23.038 §6.2.1.2.4 and Annex A), by National Language Identifier.
public enum NationalLanguage: UInt8, CaseIterable, Hashable, Sendable {
  case turkish = 1
  /// Has a single shift table only.
  case spanish = 2
  case portuguese = 3
  /// Bengali and Assamese.
  case bengali = 4
  case gujarati = 5
  case hindi = 6
  case kannada = 7
  case malayalam = 8
  case oriya = 9
  case punjabi = 10
  case tamil = 11
  case telugu = 12
  case urdu = 13

  /// Whether there is a locking shift table; all have a single shift table.
  public var hasLockingShift: Bool { self != .spanish }
}
