internal import Interposer
internal import QMI
internal import Telephony

/// What an app has shown: each stored message once, however often it is read; parts joined by sender, reference and number.
final class Inbox {
  private struct Item: Hashable {
    let storage: WMS.StorageType
    let index: UInt32
    let pdu: [UInt8]
  }

  private struct Group: Hashable {
    let message: Int
    let reference: UInt16
    let total: UInt8
    let isVirtual: Bool
  }

  /// A message that was shown whole.
  struct Shown {
    let message: Int
    let isByIP: Bool
  }

  private var items: Set<Item> = []
  private var contents: [WMS.MessageLocation: [UInt8]] = [:]
  /// Parts that were read, and where those are that have not been deleted.
  private var groups: [Group: [UInt8: WMS.MessageLocation?]] = [:]
  private(set) var shown: [Shown] = []
  private(set) var reportCount = 0
  /// Where what was read is, as far as the app knows.
  private(set) var present: [WMS.MessageLocation] = []
  /// What a program asked the modem to delete, in this life: a second time it might be another message's place.
  private var deleted: Set<Item> = []

  /// Parts that never became a message.
  var strayPartCount: Int {
    groups.reduce(0) { $0 + ($1.value.count < Int($1.key.total) ? $1.value.count : 0) }
  }

  /// For the test of what is checked.
  func showAgain(_ shown: Shown) { self.shown.append(shown) }

  /// The program begins anew.
  func restart() {
    deleted = []
    present = []
    contents = [:]
  }

  /// The modem is asked to delete what is there.
  func deletes(_ location: WMS.MessageLocation) {
    present.removeAll { $0 == location }
    // Another message may be there soon.
    for group in groups.keys {
      for (number, place) in groups[group] ?? [:] where place == location { groups[group]?[number] = .some(nil) }
    }
    guard let pdu = contents.removeValue(forKey: location) else { return }
    deleted.insert(Item(storage: location.storage, index: location.index, pdu: pdu))
  }

  /// - Returns: the places of all parts of a message that is whole now, or was.
  func read(_ location: WMS.MessageLocation, _ pdu: [UInt8]) -> [WMS.MessageLocation] {
    let item = Item(storage: location.storage, index: location.index, pdu: pdu)
    let isNew = items.insert(item).inserted
    guard !deleted.contains(item) else { return [] }
    if !present.contains(location) { present.append(location) }
    contents[location] = pdu
    guard let raw = try? RawPDU(decoding: pdu) else { return [location] }
    guard let deliver = try? SMSDeliver(decoding: raw.tpdu),
      let text = MessageText.decode(deliver.userData, deliver.dataCodingScheme), let message = Ledger.message(in: text)
    else {
      if isNew { reportCount += 1 }
      return [location]
    }
    let isVirtual = location.storage == .nv && StoredMessageID(rawValue: location.index) != nil
    guard let place = deliver.concatenation, place.total > 1 else {
      if isNew { shown.append(Shown(message: message, isByIP: isVirtual)) }
      return [location]
    }
    let group = Group(message: message, reference: place.reference, total: place.total, isVirtual: isVirtual)
    let wasWhole = groups[group]?.count == Int(place.total)
    groups[group, default: [:]][place.number] = location
    guard groups[group]?.count == Int(place.total) else { return [] }
    if !wasWhole { shown.append(Shown(message: message, isByIP: isVirtual)) }
    return wasWhole ? [location] : (groups[group] ?? [:]).sorted { $0.key < $1.key }.compactMap(\.value)
  }
}
