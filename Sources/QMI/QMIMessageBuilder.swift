/// Writes one frame, TLV by TLV.
///
///     var builder = QMIMessageBuilder(respondingTo: request)
///     builder.append(0x10) { $0.append(UInt16(240)); $0.append(UInt16(1)) }
///     let frame = builder.finish()
///
/// A frame holds at most 65,536 octets. What depends on a peer is to be bounded before it comes here (see
/// ``remainingOctetCount``): going beyond is a programming error and traps.
public struct QMIMessageBuilder {
  @usableFromInline var octets: [UInt8]
  @usableFromInline let tlvStart: Int

  /// - Parameter transaction: for the control service at most 255.
  public init(
    _ kind: QMUXFrame.Kind, service: QMIService, client: ClientID, transaction: UInt16, message: MessageID
  ) {
    octets = []
    octets.reserveCapacity(64)
    octets.append(QMUXFrame.marker)
    octets.append(0)
    octets.append(0)
    // The QMUX flags tell who sends: the modem sets bit 7.
    octets.append(kind == .request ? 0x00 : 0x80)
    octets.append(service.rawValue)
    octets.append(client.rawValue)
    if service == .control {
      precondition(transaction <= UInt16(UInt8.max), "a control transaction has 8 bits")
      octets.append(kind == .request ? 0 : kind == .response ? 0x01 : 0x02)
      octets.append(UInt8(truncatingIfNeeded: transaction))
    } else {
      octets.append(kind == .request ? 0 : kind == .response ? 0x02 : 0x04)
      octets.append(UInt8(truncatingIfNeeded: transaction))
      octets.append(UInt8(truncatingIfNeeded: transaction >> 8))
    }
    octets.append(UInt8(truncatingIfNeeded: message.rawValue))
    octets.append(UInt8(truncatingIfNeeded: message.rawValue >> 8))
    octets.append(0)
    octets.append(0)
    tlvStart = octets.count
  }

  /// A response with the request's service, client, transaction and message id, its result TLV first.
  public init(respondingTo request: QMUXFrame, result: QMIResult = .success) {
    self.init(
      .response, service: request.service, client: request.clientID, transaction: request.transaction,
      message: request.messageID)
    append(result)
  }

  /// How many octets fit before the frame is full; a TLV takes three and its value.
  @inlinable public var remainingOctetCount: Int { QMUXFrame.maximumOctetCount - octets.count }

  /// Adds a TLV with this value.
  @inlinable
  public mutating func append(_ tag: TLV.Tag, _ value: some Collection<UInt8>) {
    append(tag) { $0.append(octets: value) }
  }

  /// Adds a TLV with the fields that `write` writes.
  @inlinable
  public mutating func append(_ tag: TLV.Tag, _ write: (inout TLVWriter) -> Void) {
    octets.append(tag.rawValue)
    octets.append(0)
    octets.append(0)
    let start = octets.count
    var writer = TLVWriter(octets: octets)
    octets = []
    write(&writer)
    octets = writer.octets
    set(octets.count - start, at: start - 2)
  }

  /// Adds a result TLV (0x02).
  public mutating func append(_ result: QMIResult) {
    append(QMIResult.tag) { writer in
      switch result {
      case .success:
        writer.append(UInt32(0))
      case .failure(let error):
        writer.append(UInt16(1))
        writer.append(error.rawValue)
      }
    }
  }

  /// The frame, its lengths filled in.
  public consuming func finish() -> QMUXFrame {
    set(octets.count - tlvStart, at: tlvStart - 2)
    set(octets.count - 1, at: 1)
    return QMUXFrame(unchecked: octets)
  }

  @inlinable
  mutating func set(_ count: Int, at index: Int) {
    precondition(count <= 0xFFFF, "a QMI length has 16 bits")
    octets[index] = UInt8(truncatingIfNeeded: count)
    octets[index + 1] = UInt8(truncatingIfNeeded: count >> 8)
  }
}
