/// One way of a TCP connection.
struct TCPFlow: Hashable, CustomStringConvertible {
  let source: [UInt8]
  let sourcePort: UInt16
  let destination: [UInt8]
  let destinationPort: UInt16

  var description: String {
    "\(Self.text(source)):\(sourcePort) to \(Self.text(destination)):\(destinationPort)"
  }

  private static func text(_ address: [UInt8]) -> String {
    if address.count == 4 { return address.map { String($0) }.joined(separator: ".") }
    let groups = stride(from: 0, to: address.count, by: 2).map { String(UInt16(address[$0]) << 8 | UInt16(address[$0 + 1]), radix: 16) }
    return "[\(groups.joined(separator: ":"))]"
  }
}

/// The TCP segment in a packet: Ethernet with or without VLAN tags, Linux "cooked", or none; IPv4, IPv6 with extension headers.
struct TCPSegment {
  let flow: TCPFlow
  let sequence: UInt32
  let isFirst: Bool
  let payload: ArraySlice<UInt8>

  private enum LinkType {
    static let ethernet: UInt32 = 1
    static let raw: UInt32 = 101
    static let cooked: UInt32 = 113
    static let cooked2: UInt32 = 276
  }

  private static let tcp: UInt8 = 6

  /// Nil when it is something else, or a fragment.
  init?(_ packet: [UInt8], linkType: UInt32) {
    var reader = PacketReader(packet[...])
    switch linkType {
    case LinkType.ethernet:
      guard reader.skip(12), var type = reader.integer16() else { return nil }
      while type == 0x8100 || type == 0x88A8 {
        guard reader.skip(2), let inner = reader.integer16() else { return nil }
        type = inner
      }
      guard type == 0x0800 || type == 0x86DD else { return nil }
    case LinkType.cooked: guard reader.skip(16) else { return nil }
    case LinkType.cooked2: guard reader.skip(20) else { return nil }
    case LinkType.raw: break
    default: return nil
    }
    guard let version = reader.rest.first.map({ $0 >> 4 }) else { return nil }
    let addresses: (source: [UInt8], destination: [UInt8])?
    switch version {
    case 4: addresses = Self.readIPv4(&reader)
    case 6: addresses = Self.readIPv6(&reader)
    default: return nil
    }
    guard let addresses, let sourcePort = reader.integer16(), let destinationPort = reader.integer16(),
      let sequence = reader.integer32(), reader.skip(4), let offset = reader.integer8(), let flags = reader.integer8(),
      offset >> 4 >= 5, reader.skip(Int(offset >> 4) * 4 - 14)
    else { return nil }
    flow = TCPFlow(
      source: addresses.source, sourcePort: sourcePort, destination: addresses.destination,
      destinationPort: destinationPort)
    isFirst = flags & 0x02 != 0
    // SYN takes a number of its own.
    self.sequence = isFirst ? sequence &+ 1 : sequence
    payload = reader.rest
  }

  private static func readIPv4(_ reader: inout PacketReader) -> ([UInt8], [UInt8])? {
    guard let first = reader.integer8(), first & 0x0F >= 5, reader.skip(1), let total = reader.integer16(), reader.skip(2),
      let fragment = reader.integer16(), fragment & 0x3FFF == 0, reader.skip(1), reader.integer8() == tcp, reader.skip(2),
      let source = reader.octets(4), let destination = reader.octets(4), reader.skip(Int(first & 0x0F) * 4 - 20),
      Int(total) >= Int(first & 0x0F) * 4
    else { return nil }
    reader.limit(to: Int(total) - Int(first & 0x0F) * 4)
    return (source, destination)
  }

  private static func readIPv6(_ reader: inout PacketReader) -> ([UInt8], [UInt8])? {
    guard reader.skip(4), let payload = reader.integer16(), var next = reader.integer8(), reader.skip(1),
      let source = reader.octets(16), let destination = reader.octets(16)
    else { return nil }
    reader.limit(to: Int(payload))
    // Hop-by-hop options, routing, destination options.
    while next == 0 || next == 43 || next == 60 {
      guard let following = reader.integer8(), let count = reader.integer8(), reader.skip(Int(count) * 8 + 6) else {
        return nil
      }
      next = following
    }
    return next == tcp ? (source, destination) : nil
  }
}

/// Reads a packet's fields; nil where it ends.
private struct PacketReader {
  private(set) var rest: ArraySlice<UInt8>

  init(_ rest: ArraySlice<UInt8>) { self.rest = rest }

  mutating func skip(_ count: Int) -> Bool { octets(count) != nil }

  mutating func octets(_ count: Int) -> [UInt8]? {
    guard count >= 0, rest.count >= count else { return nil }
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  mutating func integer8() -> UInt8? { octets(1)?[0] }
  mutating func integer16() -> UInt16? { octets(2)?.reduce(0) { $0 << 8 | UInt16($1) } }
  mutating func integer32() -> UInt32? { octets(4)?.reduce(0) { $0 << 8 | UInt32($1) } }

  /// What follows is padding of the link's.
  mutating func limit(to count: Int) { rest = rest.prefix(count) }
}
