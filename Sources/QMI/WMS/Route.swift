extension WMS {
  /// What the modem does with incoming messages of one type and class.
  public struct Route: Hashable, Sendable {
    public struct MessageType: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
      public let rawValue: UInt8
      @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
      @inlinable public init(integerLiteral value: UInt8) { self.rawValue = value }

      @inlinable public static var pointToPoint: MessageType { 0x00 }
    }

    /// The message class of TP-DCS (3GPP TS 23.038 §4).
    public struct MessageClass: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
      public let rawValue: UInt8
      @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
      @inlinable public init(integerLiteral value: UInt8) { self.rawValue = value }

      @inlinable public static var class0: MessageClass { 0x00 }
      @inlinable public static var class1: MessageClass { 0x01 }
      @inlinable public static var class2: MessageClass { 0x02 }
      @inlinable public static var class3: MessageClass { 0x03 }
      @inlinable public static var none: MessageClass { 0x04 }
      @inlinable public static var cdma: MessageClass { 0x05 }
    }

    public struct ReceiptAction: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
      public let rawValue: UInt8
      @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
      @inlinable public init(integerLiteral value: UInt8) { self.rawValue = value }

      @inlinable public static var discard: ReceiptAction { 0x00 }
      @inlinable public static var storeAndNotify: ReceiptAction { 0x01 }
      /// To the client, which acknowledges to the network.
      @inlinable public static var transferOnly: ReceiptAction { 0x02 }
      /// To the client; the modem acknowledges.
      @inlinable public static var transferAndAck: ReceiptAction { 0x03 }
      @inlinable public static var unknown: ReceiptAction { 0xFF }
    }

    public var messageType: MessageType
    public var messageClass: MessageClass
    public var storage: StorageType
    public var receiptAction: ReceiptAction

    public init(
      messageType: MessageType = .pointToPoint, messageClass: MessageClass, storage: StorageType,
      receiptAction: ReceiptAction
    ) {
      self.messageType = messageType
      self.messageClass = messageClass
      self.storage = storage
      self.receiptAction = receiptAction
    }

    /// How many routes one message can carry beside its other TLVs.
    static var maximumCount: Int { 16_000 }

    static func list(reading reader: inout TLVReader) throws(QMIDecodingError) -> [Route] {
      let count = Int(try reader.readUInt16())
      guard count <= reader.remainingOctetCount / 4 else { throw .truncated(reader.tag) }
      guard count <= maximumCount else { throw .invalid(reader.tag) }
      var routes: [Route] = []
      routes.reserveCapacity(count)
      for _ in 0..<count {
        routes.append(
          Route(
            messageType: MessageType(rawValue: try reader.readUInt8()),
            messageClass: MessageClass(rawValue: try reader.readUInt8()),
            storage: StorageType(rawValue: try reader.readUInt8()),
            receiptAction: ReceiptAction(rawValue: try reader.readUInt8())))
      }
      return routes
    }

    static func encode(_ routes: [Route], to writer: inout TLVWriter) {
      let encoded = routes.prefix(maximumCount)
      writer.append(UInt16(encoded.count))
      for route in encoded {
        writer.append(route.messageType.rawValue)
        writer.append(route.messageClass.rawValue)
        writer.append(route.storage.rawValue)
        writer.append(route.receiptAction.rawValue)
      }
    }
  }
}
