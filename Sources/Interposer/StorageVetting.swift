import QMI

/// Which of the messages in the modem's storage are still to be looked at.
struct StorageVetting: Sendable {
  enum Step: Hashable, Sendable {
    case list(WMS.StorageType)
    case look(WMS.MessageLocation)
  }

  private var storages: [WMS.StorageType] = [.nv, .uim]
  /// Next one last.
  private var places: [WMS.MessageLocation] = []
  /// Being listed.
  private(set) var storage: WMS.StorageType?
  /// Being read, decided about or deleted.
  var message: IncomingMessageID?
  private let capacity: Int

  init(capacity: Int) { self.capacity = capacity }

  var count: Int { places.count }

  mutating func next() -> Step? {
    message = nil
    storage = storages.popLast()
    return storage.map { .list($0) } ?? places.popLast().map { .look($0) }
  }

  /// Messages that came in; those that nobody has read are looked at first, since what is sought came while nobody watched.
  mutating func listed(_ entries: [WMS.ListMessagesResponse.Entry], in storage: WMS.StorageType) {
    guard self.storage == storage else { return }
    self.storage = nil
    func places(_ tag: WMS.MessageTag) -> [WMS.MessageLocation] {
      entries.lazy.filter { $0.tag == tag && (storage != .nv || StoredMessageID(rawValue: $0.index) == nil) }
        .map { WMS.MessageLocation(storage: storage, index: $0.index) }
    }
    self.places = (places(.receivedRead) + self.places + places(.receivedUnread)).suffix(capacity)
  }
}
