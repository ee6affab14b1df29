/// Cuts a stream of octets into QMUX frames.
///
/// Append what was read, then call ``next()`` until it returns nil: nil means that more octets are needed, an error that those
/// there are bad. After an error with ``QMUXError/endsStream`` every further call throws it again; after any other error the bad frame
/// is gone and the next call looks at what follows.
public struct QMUXFrameDecoder: Sendable {
  private var buffer: [UInt8] = []
  /// Where in `buffer` the octets begin that have not become frames.
  private var position = 0
  private var failure: QMUXError?

  public init() {}

  /// How many octets wait for the rest of their frame, or for ``next()``.
  public var pendingOctetCount: Int { buffer.count - position }

  /// Adds octets as they were read from the stream.
  public mutating func append(_ octets: UnsafeRawBufferPointer) {
    guard failure == nil else { return }
    if buffer.isEmpty {
      buffer = Array(octets)
    } else {
      compact()
      buffer.append(contentsOf: octets)
    }
  }

  /// Adds octets as they were read from the stream.
  public mutating func append(_ octets: some Collection<UInt8>) {
    guard failure == nil else { return }
    compact()
    buffer.append(contentsOf: octets)
  }

  /// The next whole frame.
  ///
  /// - Returns: nil when its end has not arrived.
  /// - Throws: what is wrong with it.
  public mutating func next() throws(QMUXError) -> QMUXFrame? {
    if let failure { throw failure }
    let available = buffer.count - position
    guard available > 0 else { return nil }
    guard buffer[position] == QMUXFrame.marker else {
      let error = QMUXError.badMarker(buffer[position])
      failure = error
      buffer = []
      position = 0
      throw error
    }
    guard available >= 3 else { return nil }
    let octetCount = 1 + (Int(buffer[position + 1]) | Int(buffer[position + 2]) << 8)
    guard available >= octetCount else { return nil }
    return try QMUXFrame(take(octetCount))
  }

  /// The next `octetCount` octets, which are there.
  private mutating func take(_ octetCount: Int) -> [UInt8] {
    // What is read is mostly one whole frame: then the buffer itself becomes the frame.
    if octetCount == buffer.count {
      var octets: [UInt8] = []
      swap(&octets, &buffer)
      return octets
    }
    let end = position + octetCount
    let octets = Array(buffer[position..<end])
    position = end
    if end == buffer.count {
      buffer = []
      position = 0
    }
    return octets
  }

  /// Moves what is left to the front, at most one unfinished frame when the caller drains as told.
  private mutating func compact() {
    guard position > 0 else { return }
    buffer.removeSubrange(..<position)
    position = 0
  }
}
