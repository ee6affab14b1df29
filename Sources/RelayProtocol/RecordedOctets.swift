/// A piece of what passed a relay inside TLS, as `shunt-relay serve --record-frames` writes it for audits.
///
/// A recording is ``header``, then records: kind (one octet), connection (8 octets), octet count (4 octets), octets; numbers are
/// big-endian.
public struct RecordedOctets: Sendable, Equatable {
  /// What the octets are.
  public enum Kind: UInt8, Sendable, CaseIterable {
    /// What TLS gave the relay, as it came: frames and parts of frames, also what follows a bad frame.
    case received = 0x52
    /// One frame as it was given to TLS.
    case sent = 0x53
    /// What the relay itself opened: the number of a registration, which is sealed inside its frame.
    case opened = 0x4F
  }

  public var kind: Kind
  /// Tells connections apart; 0 of what was opened.
  public var connection: UInt64
  public var octets: [UInt8]

  public init(kind: Kind, connection: UInt64, octets: [UInt8]) {
    self.kind = kind
    self.connection = connection
    self.octets = octets
  }

  /// What a recording begins with.
  public static let header = Array("shunt-relay frames 1\n".utf8)
  /// The octets before a record's own.
  public static let recordHeaderOctetCount = 13
  /// The most octets a record may have: more than one read from a socket gives.
  public static let maximumOctetCount = 1 << 20

  /// The octets before a record's own.
  public static func recordHeader(_ kind: Kind, connection: UInt64, octetCount: Int) -> [UInt8] {
    var header = [kind.rawValue]
    withUnsafeBytes(of: connection.bigEndian) { header += $0 }
    withUnsafeBytes(of: UInt32(octetCount).bigEndian) { header += $0 }
    return header
  }
}

/// Why a recording can't be read further.
public enum RecordingError: Error, Equatable, Sendable {
  /// It does not begin with ``RecordedOctets/header``.
  case noRecording
  case unknownKind(UInt8)
  case tooLarge(octetCount: Int)
}

extension RecordingError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noRecording: "it is no recording of `shunt-relay serve --record-frames`"
    case .unknownKind(let kind): "it is damaged, or of a later version: it has a record of kind \(kind)"
    case .tooLarge(let octetCount): "it is damaged: it has a record of \(octetCount) octets"
    }
  }
}

/// Reads a recording. Nil means that more octets are needed; an error means that it is damaged, and every later call throws the same.
public struct RecordingDecoder: Sendable {
  private var buffer: [UInt8] = []
  private var start = 0
  private var hasHeader = false
  private var failure: RecordingError?

  public init() {}

  /// How many octets wait for the rest of their record.
  public var pendingOctetCount: Int { buffer.count - start }

  public mutating func append(_ octets: some Collection<UInt8>) {
    if start > 0 {
      buffer.removeFirst(start)
      start = 0
    }
    buffer.append(contentsOf: octets)
  }

  public mutating func next() throws(RecordingError) -> RecordedOctets? {
    if let failure { throw failure }
    if !hasHeader {
      let expected = RecordedOctets.header
      guard buffer.prefix(expected.count).elementsEqual(expected.prefix(buffer.count)) else { throw fail(.noRecording) }
      guard buffer.count >= expected.count else { return nil }
      start = expected.count
      hasHeader = true
    }
    let body = start + RecordedOctets.recordHeaderOctetCount
    guard buffer.count >= body else { return nil }
    guard let kind = RecordedOctets.Kind(rawValue: buffer[start]) else { throw fail(.unknownKind(buffer[start])) }
    let connection = buffer[start + 1..<start + 9].reduce(0) { $0 << 8 | UInt64($1) }
    let octetCount = buffer[start + 9..<body].reduce(0) { $0 << 8 | Int($1) }
    guard octetCount <= RecordedOctets.maximumOctetCount else { throw fail(.tooLarge(octetCount: octetCount)) }
    guard buffer.count - body >= octetCount else { return nil }
    start = body + octetCount
    return RecordedOctets(kind: kind, connection: connection, octets: Array(buffer[body..<start]))
  }

  private mutating func fail(_ error: RecordingError) -> RecordingError {
    failure = error
    buffer = []
    start = 0
    return error
  }
}
