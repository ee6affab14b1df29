extension WMS {
  /// Asks which messages are in a storage.
  public struct ListMessagesRequest: ServiceMessage {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.listMessages }
    public static var kind: QMUXFrame.Kind { .request }

    /// TLV 0x01.
    public var storage: StorageType
    /// TLV 0x11: nil for all tags.
    public var tag: MessageTag?
    /// TLV 0x12.
    public var mode: MessageMode?

    public init(storage: StorageType, tag: MessageTag? = nil, mode: MessageMode? = nil) {
      self.storage = storage
      self.tag = tag
      self.mode = mode
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      var reader = try frame.requiredReader(of: 0x01)
      storage = StorageType(rawValue: try reader.readUInt8())
      try reader.expectEnd()
      tag = try frame.optionalUInt8(of: 0x11).map(MessageTag.init(rawValue:))
      mode = try frame.optionalUInt8(of: 0x12).map(MessageMode.init(rawValue:))
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(0x01) { $0.append(storage.rawValue) }
      builder.append(0x11, ifPresent: tag?.rawValue)
      builder.append(0x12, ifPresent: mode?.rawValue)
    }
  }

  /// The messages in a storage, TLV 0x01.
  public struct ListMessagesResponse: ServiceMessage {
    public struct Entry: Hashable, Sendable {
      public var index: UInt32
      public var tag: MessageTag

      public init(index: UInt32, tag: MessageTag) {
        self.index = index
        self.tag = tag
      }
    }

    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.listMessages }
    public static var kind: QMUXFrame.Kind { .response }

    /// How many entries of 5 octets fit into a frame beside headers, result TLV and the list's own count.
    public static var maximumEntryCount: Int { (QMUXFrame.maximumOctetCount - 13 - 7 - 3 - 4) / 5 }

    public var result: QMIResult
    /// Empty after a failure. No more than the first ``maximumEntryCount`` are encoded; a client that
    /// deletes what it has read sees the rest the next time.
    public var entries: [Entry]

    public init(entries: [Entry]) {
      self.result = .success
      self.entries = entries
    }

    public init(failure error: QMIError) {
      self.result = .failure(error)
      self.entries = []
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      result = try frame.requiredResult()
      entries = []
      guard result.isSuccess else { return }
      var reader = try frame.requiredReader(of: 0x01)
      let count = try reader.readUInt32()
      // A count is believed only as far as there are octets for it.
      guard count <= UInt32(reader.remainingOctetCount / 5) else { throw .truncated(reader.tag) }
      entries.reserveCapacity(Int(count))
      for _ in 0..<count {
        entries.append(Entry(index: try reader.readUInt32(), tag: MessageTag(rawValue: try reader.readUInt8())))
      }
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(result)
      guard result.isSuccess else { return }
      let encoded = entries.prefix(Self.maximumEntryCount)
      builder.append(0x01) { writer in
        writer.append(UInt32(encoded.count))
        for entry in encoded {
          writer.append(entry.index)
          writer.append(entry.tag.rawValue)
        }
      }
    }
  }
}
