public import QMI

/// One place where messages are kept: the SIM, or the modem's own memory.
struct MessageStore: Sendable {
  let capacity: Int
  private(set) var messages: [UInt32: WMS.RawReadResponse.StoredMessage] = [:]

  init(capacity: Int) {
    self.capacity = capacity
  }

  var isFull: Bool { messages.count >= capacity }

  /// The lowest free index, counted from 0 as modems do, or nil when there is no room.
  mutating func add(_ message: WMS.RawMessage, tag: WMS.MessageTag) -> UInt32? {
    guard !isFull else { return nil }
    var index: UInt32 = 0
    while messages[index] != nil { index += 1 }
    messages[index] = .init(tag: tag, message: message)
    return index
  }

  subscript(index: UInt32) -> WMS.RawReadResponse.StoredMessage? { messages[index] }

  /// False when there is no such message.
  mutating func setTag(_ tag: WMS.MessageTag, at index: UInt32) -> Bool {
    guard messages[index] != nil else { return false }
    messages[index]?.tag = tag
    return true
  }

  /// False when there is no such message.
  mutating func remove(at index: UInt32) -> Bool {
    messages.removeValue(forKey: index) != nil
  }

  mutating func removeAll(tagged tag: WMS.MessageTag?) {
    guard let tag else { return messages.removeAll() }
    messages = messages.filter { $0.value.tag != tag }
  }

  func list(tagged tag: WMS.MessageTag?) -> [WMS.ListMessagesResponse.Entry] {
    messages.sorted { $0.key < $1.key }
      .filter { tag == nil || $0.value.tag == tag }
      .map { .init(index: $0.key, tag: $0.value.tag) }
  }
}

extension VirtualModem {
  /// The messages in ``WMS/StorageType/uim`` or ``WMS/StorageType/nv``, by index. Each is a service centre's address and a TPDU.
  public func storedMessages(in storage: WMS.StorageType) -> [UInt32: WMS.RawReadResponse.StoredMessage] {
    switch storage {
    case .uim: sim.messages
    case .nv: device.messages
    default: [:]
    }
  }
}
