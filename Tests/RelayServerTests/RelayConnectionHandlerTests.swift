import Logging
import Metrics
import NIOCore
import NIOEmbedded
import NIOTLS
import RelayProtocol
import Sealing
import Testing

@testable import RelayServer

/// The handler on an embedded channel: what becomes of octets, however they are cut.
@Suite struct RelayConnectionHandlerTests {
  /// A node and one connection of it, TLS taken as done.
  private final class Rig {
    /// Nothing here comes to need one; an embedded loop would not take its answer from another thread.
    private static let workers = RelayWorkers()

    let channel = EmbeddedChannel()
    let node: RelayNode
    let store: RegistrationStore
    private var decoder = RelayFrameDecoder()

    init(limits: (inout RelayLimits) -> Void = { _ in }) throws {
      var bounds = RelayLimits()
      limits(&bounds)
      store = try RegistrationStore(path: ":memory:")
      let keys = try RelayKeys()
      let hub = RelayHub(
        certificateKeyHash: try CertificateKeyHash([UInt8](repeating: 1, count: 32)), generations: keys.generations,
        limits: bounds)
      node = RelayNode(
        eventLoop: channel.eventLoop, hub: hub, keys: keys, store: store, workers: Self.workers, sender: LogCodeSender(),
        metrics: NOOPMetricsHandler.instance, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      try channel.pipeline.syncOperations.addHandler(RelayConnectionHandler(node: node))
      try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    func secure(_ negotiated: String? = "shunt/1") {
      channel.pipeline.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: negotiated))
      channel.embeddedEventLoop.run()
    }

    func receive(_ octets: [UInt8]) throws {
      try channel.writeInbound(ByteBuffer(bytes: octets))
      channel.embeddedEventLoop.run()
    }

    /// What was written since the last call, and in how many writes.
    func written() throws -> (messages: [ServerMessage], writeCount: Int) {
      var messages: [ServerMessage] = []
      var writeCount = 0
      while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
        writeCount += 1
        decoder.append(Array(buffer.readableBytesView))
        while let frame = try decoder.nextServerFrame() { messages.append(frame.message) }
      }
      return (messages, writeCount)
    }

    func finish() {
      _ = try? channel.finish(acceptAlreadyClosed: true)
    }
  }

  private func withRig(_ body: (Rig) throws -> Void) throws {
    let rig = try Rig()
    defer { rig.finish() }
    try body(rig)
  }

  /// A frame that is answered without a worker: the signature does not hold.
  private var wrongAuthentication: [UInt8] {
    get throws {
      try ClientFrame(
        request: RequestID(rawValue: 5),
        message: .authenticate(
          Authentication(
            identityKey: try IdentityKey().publicKey, signature: try Signature([UInt8](repeating: 2, count: 64)),
            keepaliveSeconds: 0))
      ).encoded()
    }
  }

  private func code(_ message: ServerMessage?) -> FailureCode? {
    guard case .failure(let failure)? = message else { return nil }
    return failure.code
  }

  @Test func nothingBeforeTheHandshake() throws {
    try withRig { rig in
      #expect(try rig.written().messages.isEmpty)
      try rig.receive(try wrongAuthentication)
      #expect(try rig.written().messages.isEmpty)
      rig.secure()
      guard case .challenge(1, _)? = try rig.written().messages.first else {
        Issue.record("no challenge")
        return
      }
    }
  }

  @Test(arguments: [nil, "h2", "shunt/2", ""])
  func otherApplicationProtocolsAreClosed(negotiated: String?) throws {
    try withRig { rig in
      rig.secure(negotiated)
      let written = try rig.written()
      #expect(written.messages.isEmpty)
      #expect(!rig.channel.isActive)
    }
  }

  @Test func drops() throws {
    try withRig { rig in
      rig.secure()
      _ = try rig.written()
      let octets = try wrongAuthentication
      for octet in octets.dropLast() {
        try rig.receive([octet])
        #expect(try rig.written().messages.isEmpty)
      }
      try rig.receive([octets[octets.count - 1]])
      #expect(code(try rig.written().messages.first) == .notAuthenticated)
      #expect(!rig.channel.isActive)
    }
  }

  @Test func whatFollowsTheLastFrameIsIgnored() throws {
    try withRig { rig in
      rig.secure()
      _ = try rig.written()
      try rig.receive(try wrongAuthentication + wrongAuthentication + [1, 2, 3])
      let written = try rig.written()
      #expect(written.messages.count == 1)
      #expect(written.writeCount == 1)
      #expect(!rig.channel.isActive)
    }
  }

  @Test(arguments: [
    [0, 0, 0x40, 1], [0, 0, 0, 0], [0x80, 0, 0, 1], [0, 0, 0, 2, 0xFF, 0xFF],
  ])
  func badFramesEndIt(octets: [UInt8]) throws {
    try withRig { rig in
      rig.secure()
      _ = try rig.written()
      try rig.receive(octets)
      #expect(try rig.written().messages == [.sessionEnded(.protocolError)])
      #expect(!rig.channel.isActive)
    }
  }

  @Test func largestFrameIsTaken() throws {
    try withRig { rig in
      rig.secure()
      _ = try rig.written()
      // Protobuf: request 1, then field 1000, which this version does not know, with 16,378 octets.
      let body: [UInt8] = [0x08, 0x01, 0xC2, 0x3E, 0xFA, 0x7F] + [UInt8](repeating: 0, count: 16_378)
      #expect(body.count == RelayFrame.maximumOctetCount)
      try rig.receive([0, 0, 0x40, 0] + body)
      #expect(code(try rig.written().messages.first) == .notAuthenticated)
    }
  }

  @Test(arguments: 0..<60 as Range<UInt64>)
  func randomOctetsNeverTrap(seed: UInt64) throws {
    var generator = Congruential(state: seed)
    var octets = (0..<Int.random(in: 1...250, using: &generator)).map { _ in
      UInt8.random(in: 0...255, using: &generator)
    }
    // Half of them with a right count, so that the body is looked at.
    if Bool.random(using: &generator), octets.count > 4 {
      octets.replaceSubrange(0..<4, with: [0, 0, 0, UInt8(octets.count - 4)])
    }
    try withRig { rig in
      rig.secure()
      _ = try rig.written()
      try rig.receive(octets)
      let written = try rig.written()
      #expect(written.messages.count <= 1)
    }
  }

  @Test(arguments: [
    ("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "::ffff:192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "20:1:d:b8:0:1:0:2"),
    ("2001:db8:1:2::9", "20:1:d:b8:0:1:0:2"),
  ])
  func addressesAreCountedBySubscriber(address: String, subscriber: String) throws {
    #expect(RelayNode.subnet(try SocketAddress(ipAddress: address, port: 7443)) == subscriber)
  }
}

/// Knuth's MMIX constants; the same numbers for the same seed.
private struct Congruential: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 33)
  }
}
