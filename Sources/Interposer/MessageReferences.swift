/// Message references (TP-MR, an octet) for answers about messages that the modem does not number: parts that are held, and what went
/// another way.
///
/// Apps find the message that a status report is about by this number and the recipient. The modem counts by itself, so its latest
/// references, for which reports may be under way, and those that it is about to give are left to it.
struct MessageReferences: Sendable {
  /// How many of the modem's latest are left out, and how many of its next.
  static let distance = 64

  private var last: UInt8 = 0
  private var modems: [UInt8] = []

  /// Never 0, which some take for none.
  mutating func next() -> UInt16 {
    repeat { last &+= 1 } while last == 0 || modems.contains(last) || isNearTheModems(last)
    return UInt16(last)
  }

  private func isNearTheModems(_ reference: UInt8) -> Bool {
    guard let latest = modems.last else { return false }
    return Int(reference &- latest) <= Self.distance
  }

  /// The modem has numbered a message.
  mutating func modemGave(_ reference: UInt16) {
    guard let reference = UInt8(exactly: reference) else { return }
    if modems.count == Self.distance { modems.removeFirst() }
    modems.append(reference)
  }
}

extension Interposer {
  /// A reference for a message that has arrived otherwise; see ``SubmissionResolution/succeed(messageReference:)``.
  public mutating func nextMessageReference() -> UInt16 { references.next() }
}
