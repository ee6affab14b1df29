import RelayProtocol

/// The input is one frame to each end, then a stream that arrives whole and in pieces, which must give the same frames, then
/// what a relay says to a device in a session. What decodes must encode to something that decodes to the same.
enum RelayFrameTarget {
  static func run(_ input: [UInt8]) throws(Finding) {
    try checkFrames(input)
    let whole = outcomes(input, pieceOctetCount: max(1, input.count))
    for octetCount in [1, 1 + Int(input.first ?? 0)] {
      try check(outcomes(input, pieceOctetCount: octetCount) == whole, "pieces give other frames than the whole")
    }
    runSession(input)
  }

  private static func checkFrames(_ input: [UInt8]) throws(Finding) {
    if let frame = try? ClientFrame(decoding: input), frame.message != .unrecognized {
      let again = try? ClientFrame(decoding: (try? frame.encoded())?.dropFirst(RelayFrame.headerOctetCount) ?? [])
      try check(again == frame, "a client's frame changed")
    }
    if let frame = try? ServerFrame(decoding: input), frame.message != .unrecognized {
      let again = try? ServerFrame(decoding: (try? frame.encoded())?.dropFirst(RelayFrame.headerOctetCount) ?? [])
      try check(again == frame, "a relay's frame changed")
    }
  }

  private static func outcomes(_ input: [UInt8], pieceOctetCount: Int) -> [Result<ServerFrame, RelayFrameError>] {
    var decoder = RelayFrameDecoder()
    var outcomes: [Result<ServerFrame, RelayFrameError>] = []
    var rest = input[...]
    while !rest.isEmpty {
      decoder.append(rest.prefix(pieceOctetCount))
      rest = rest.dropFirst(pieceOctetCount)
      do throws(RelayFrameError) {
        while let frame = try decoder.nextServerFrame() { outcomes.append(.success(frame)) }
      } catch {
        outcomes.append(.failure(error))
        return outcomes
      }
    }
    return outcomes
  }

  /// The rest of the input after its first octet goes to a client that has got as far as that octet says.
  private static func runSession(_ input: [UInt8]) {
    var generator = Counter()
    let hash = CertificateKeyHash(using: &generator)
    let connection = RelayConnection(rawValue: 1)
    var client = RelayClient(jitterSeed: 1)
    client.start(now: .zero)
    client.connected(connection, certificateKeyHash: hash, now: .zero)
    var openings: [ServerMessage] = [
      .challenge(protocolVersion: RelayFrame.protocolVersion, ChallengeNonce(using: &generator)),
      .sessionReady(SessionReady(registration: nil, tokenGenerations: [TokenGeneration(rawValue: 1)])),
    ]
    openings.removeLast(Int(input.first ?? 0) % 3)
    for opening in openings {
      let request: RequestID? = if case .sessionReady = opening { RequestID(rawValue: 1) } else { nil }
      client.received((try? ServerFrame(request: request, message: opening).encoded()) ?? [], on: connection, now: .zero)
      client.signed(Signature(using: &generator), by: IdentityPublicKey(using: &generator), on: connection, now: .zero)
    }
    for _ in 0..<3 { _ = try? client.request(.deregister, now: .zero) }
    client.received(input.dropFirst(), on: connection, now: .seconds(1))
    if client.status != .stopped, let deadline = client.nextDeadline { client.timeReached(now: deadline) }
    while client.nextAction() != nil {}
  }

  /// Values that differ; an input has to do the same each time.
  private struct Counter: RandomNumberGenerator {
    private var count: UInt64 = 0

    mutating func next() -> UInt64 {
      count += 1
      return count
    }
  }
}
