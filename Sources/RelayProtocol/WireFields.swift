internal import FoundationEssentials
internal import SwiftProtobuf

// Small readers that turn protobuf's fields into checked values; each failure names its field.

extension FixedOctets {
  init(wire data: Data) throws(RelayFrameError) {
    try self.init(data)
  }

  var wire: Data { Data(octets) }
}

/// A variable-size field of 1 to `maximum` octets.
func octets(_ data: Data, _ field: String, upTo maximum: Int) throws(RelayFrameError) -> [UInt8] {
  guard !data.isEmpty else { throw .missing(field: field) }
  guard data.count <= maximum else { throw .outOfRange(field: field) }
  return [UInt8](data)
}

/// A repeated field of `allowed` elements, each of a fixed size.
func elements<Kind: OctetKind>(
  _ list: [Data], _ field: String, _ allowed: ClosedRange<Int>
) throws(RelayFrameError) -> [FixedOctets<Kind>] {
  guard allowed.contains(list.count) else { throw .outOfRange(field: field) }
  var elements: [FixedOctets<Kind>] = []
  elements.reserveCapacity(list.count)
  for data in list { elements.append(try FixedOctets(wire: data)) }
  return elements
}

func generation(_ value: UInt32) throws(RelayFrameError) -> TokenGeneration {
  guard value != 0 else { throw .missing(field: "generation") }
  return TokenGeneration(rawValue: value)
}

extension RelayFrame {
  /// One protobuf message behind its octet count, in one buffer: header and body go out in one write.
  static func encode(_ message: some SwiftProtobuf.Message) throws(RelayFrameError) -> [UInt8] {
    let body: [UInt8]
    do {
      body = try message.serializedBytes()
    } catch {
      throw .malformed
    }
    guard body.count <= maximumOctetCount else { throw .tooLarge(octetCount: body.count) }
    guard !body.isEmpty else { throw .empty }
    var frame: [UInt8] = []
    frame.reserveCapacity(headerOctetCount + body.count)
    for shift in [24, 16, 8, 0] { frame.append(UInt8(truncatingIfNeeded: body.count >> shift)) }
    frame += body
    return frame
  }

  static func parse<M: SwiftProtobuf.Message>(_ octets: some Collection<UInt8>) throws(RelayFrameError) -> M {
    guard octets.count <= maximumOctetCount else { throw .tooLarge(octetCount: octets.count) }
    guard !octets.isEmpty else { throw .empty }
    do {
      return try M(serializedBytes: [UInt8](octets))
    } catch {
      throw .malformed
    }
  }
}

extension KeyPackage {
  /// - Throws: ``RelayFrameError/wrongOctetCount(field:expected:found:)``.
  init(_ wire: WireKeyPackage) throws(RelayFrameError) {
    self.init(
      id: try FixedOctets(wire: wire.id), publicKey: try FixedOctets(wire: wire.publicKey), expires: wire.expires,
      identityKey: try FixedOctets(wire: wire.identityKey), signature: try FixedOctets(wire: wire.signature))
  }

  var wire: WireKeyPackage {
    var wire = WireKeyPackage()
    wire.id = id.wire
    wire.publicKey = publicKey.wire
    wire.expires = expires
    wire.identityKey = identityKey.wire
    wire.signature = signature.wire
    return wire
  }
}
