/// The TLVs of a frame in their order, found as they are asked for; nothing is copied.
public struct TLVSequence: Sequence, Sendable {
  @usableFromInline let octets: [UInt8]
  @usableFromInline let start: Int

  /// - Parameters:
  ///   - octets: a validated frame.
  ///   - start: where its first TLV starts.
  @inlinable
  init(octets: [UInt8], start: Int) {
    self.octets = octets
    self.start = start
  }

  @inlinable
  public func makeIterator() -> Iterator {
    Iterator(octets: octets, position: start)
  }

  public struct Iterator: IteratorProtocol {
    @usableFromInline let octets: [UInt8]
    @usableFromInline var position: Int

    @inlinable
    init(octets: [UInt8], position: Int) {
      self.octets = octets
      self.position = position
    }

    @inlinable
    public mutating func next() -> TLV? {
      let count = octets.count
      guard count - position >= TLV.headerOctetCount else { return nil }
      let tag = TLV.Tag(rawValue: octets[position])
      let start = position + TLV.headerOctetCount
      let valueOctetCount = Int(octets[position + 1]) | Int(octets[position + 2]) << 8
      guard count - start >= valueOctetCount else { return nil }
      position = start + valueOctetCount
      return TLV(tag: tag, value: octets[start..<position])
    }
  }
}
