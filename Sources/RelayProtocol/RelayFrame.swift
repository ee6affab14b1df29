/// The framing both directions share (design, section 8): a 4-byte big-endian octet count, then one protobuf message.
public enum RelayFrame {
  /// The version both ends speak; it is in the challenge, the authentication and every sealed message.
  public static let protocolVersion: UInt32 = 1
  /// The most octets a frame may have after its count.
  public static let maximumOctetCount = 16_384
  /// The octets of the count.
  public static let headerOctetCount = 4
  /// The most octets a sealed message may have: 256 are left for the fields around it.
  public static let maximumSealedOctetCount = maximumOctetCount - 256
}

/// Cuts a stream of octets into frames. Nil means that more octets are needed; an error means that the octets are bad
/// and the stream is of no more use: every later call throws the same. Holds at most one incomplete frame beside what
/// was appended last.
public struct RelayFrameDecoder: Sendable {
  private var buffer: [UInt8] = []
  /// Where the next frame starts in `buffer`.
  private var start = 0
  private var failure: RelayFrameError?

  public init() {}

  /// How many octets wait for the rest of their frame.
  public var pendingOctetCount: Int { buffer.count - start }

  public mutating func append(_ octets: UnsafeRawBufferPointer) {
    compact()
    buffer.append(contentsOf: octets)
  }

  public mutating func append(_ octets: some Collection<UInt8>) {
    compact()
    buffer.append(contentsOf: octets)
  }

  private mutating func compact() {
    guard start > 0 else { return }
    buffer.removeFirst(start)
    start = 0
  }

  /// The next whole frame, without its count.
  ///
  /// - Throws: ``RelayFrameError/tooLarge(octetCount:)``, ``RelayFrameError/empty``.
  public mutating func next() throws(RelayFrameError) -> ArraySlice<UInt8>? {
    if let failure { throw failure }
    guard buffer.count - start >= RelayFrame.headerOctetCount else { return nil }
    let octetCount = buffer[start..<start + RelayFrame.headerOctetCount].reduce(0) { $0 << 8 | Int($1) }
    guard octetCount <= RelayFrame.maximumOctetCount else { throw fail(.tooLarge(octetCount: octetCount)) }
    guard octetCount > 0 else { throw fail(.empty) }
    let body = start + RelayFrame.headerOctetCount
    guard buffer.count - body >= octetCount else { return nil }
    start = body + octetCount
    return buffer[body..<start]
  }

  /// The next frame as a relay reads it.
  public mutating func nextClientFrame() throws(RelayFrameError) -> ClientFrame? {
    guard let octets = try next() else { return nil }
    do throws(RelayFrameError) {
      return try ClientFrame(decoding: octets)
    } catch {
      throw fail(error)
    }
  }

  /// The next frame as a device reads it.
  public mutating func nextServerFrame() throws(RelayFrameError) -> ServerFrame? {
    guard let octets = try next() else { return nil }
    do throws(RelayFrameError) {
      return try ServerFrame(decoding: octets)
    } catch {
      throw fail(error)
    }
  }

  private mutating func fail(_ error: RelayFrameError) -> RelayFrameError {
    failure = error
    buffer = []
    start = 0
    return error
  }
}
