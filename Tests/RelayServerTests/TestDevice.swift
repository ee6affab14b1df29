import Crypto
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import RelayProtocol
import Sealing
import Telephony

@testable import RelayServer

struct ConnectionEnded: Error {}

/// A device's end of a connection, on NIOSSL: frames out, frames in, nothing clever.
final class TestDevice {
  let channel: any Channel
  private var frames: AsyncStream<ServerFrame>.Iterator
  private var early: [ServerMessage] = []
  private var lastRequest: UInt32 = 0
  let keyHash: CertificateKeyHash

  /// - Parameters:
  ///   - protocols: what ALPN offers.
  ///   - receiveBuffer: of the socket, octets; 0 for the system's own.
  convenience init(
    _ relay: TestRelay, protocols: [String] = ["shunt/1"], maximumTLS: TLSVersion? = nil, receiveBuffer: Int = 0
  ) async throws {
    try await self.init(
      port: relay.server.port, trust: relay.trust, protocols: protocols, maximumTLS: maximumTLS,
      receiveBuffer: receiveBuffer)
  }

  init(
    port: Int, trust: RelayTrust, protocols: [String] = ["shunt/1"], maximumTLS: TLSVersion? = nil,
    receiveBuffer: Int = 0
  ) async throws {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = .certificates(
      try trust.certificates.map { try NIOSSLCertificate(bytes: $0, format: .der) })
    configuration.applicationProtocols = protocols
    if let maximumTLS { configuration.maximumTLSVersion = maximumTLS }
    let context = try NIOSSLContext(configuration: configuration)
    let (stream, continuation) = AsyncStream.makeStream(of: ServerFrame.self)
    var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let tls = try NIOSSLClientHandler(context: context, serverHostname: "localhost")
          try channel.pipeline.syncOperations.addHandlers(tls, TestDeviceHandler(continuation))
        }
      }
    if receiveBuffer > 0 {
      bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: SocketOptionValue(receiveBuffer))
    }
    channel = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
    var iterator = stream.makeAsyncIterator()
    // The challenge comes after the handshake, so the certificate is known by then.
    if let first = await iterator.next() { early.append(first.message) }
    frames = iterator
    guard let certificate = try? await channel.nioSSL_peerCertificate().get() else {
      // Refused and closed already: nothing is signed on this connection.
      guard case .failure? = early.first else { throw ConnectionEnded() }
      keyHash = try CertificateKeyHash([UInt8](repeating: 0, count: 32))
      return
    }
    keyHash = try CertificateKeyHash(Array(SHA256.hash(data: try certificate.extractPublicKey().toSPKIBytes())))
  }

  /// The next frame that answers no request of ``ask(_:)``.
  func push() async throws -> ServerMessage {
    if !early.isEmpty { return early.removeFirst() }
    guard let frame = await frames.next() else { throw ConnectionEnded() }
    return frame.message
  }

  /// Waits for the relay to close.
  func end() async {
    while await frames.next() != nil {}
  }

  func send(_ message: ClientMessage) async throws -> RequestID? {
    lastRequest += 1
    let request = message.isAnswered ? RequestID(rawValue: lastRequest) : nil
    try await send(octets: ClientFrame(request: request, message: message).encoded())
    return request
  }

  func send(octets: [UInt8]) async throws {
    try await channel.writeAndFlush(ByteBuffer(bytes: octets)).get()
  }

  @discardableResult
  func ask(_ message: ClientMessage) async throws -> ServerMessage {
    let request = try await send(message)
    while let frame = await frames.next() {
      if frame.request == request { return frame.message }
      early.append(frame.message)
    }
    throw ConnectionEnded()
  }

  /// - Parameter keyHash: nil for that of the certificate this connection showed.
  func authenticate(
    _ identity: IdentityKey, keyHash: CertificateKeyHash? = nil
  ) async throws -> ServerMessage {
    guard case .challenge(_, let nonce) = try await push() else { throw ConnectionEnded() }
    let transcript = Transcript.session(nonce: nonce, certificateKeyHash: keyHash ?? self.keyHash)
    return try await ask(
      .authenticate(
        Authentication(
          identityKey: identity.publicKey, signature: try identity.sign(transcript), keepaliveSeconds: 120)))
  }

  func close() async {
    try? await channel.close()
    await end()
  }
}

/// Somebody with a number, a key and a connection.
struct TestPerson {
  let number: PhoneNumber
  let identity: IdentityKey
  let device: TestDevice
  let session: SessionKey
  let relay: TestRelay

  /// Connects and registers.
  init(_ number: String, _ relay: TestRelay, receiveBuffer: Int = 0) async throws {
    self.number = try PhoneNumber(e164: number)
    self.relay = relay
    identity = try IdentityKey()
    device = try await TestDevice(relay, receiveBuffer: receiveBuffer)
    var generator = SystemRandomNumberGenerator()
    session = try SessionKey(
      id: KeyPackageID(using: &generator), expires: UInt64(Date().timeIntervalSince1970) + 3600, identity: identity)
    guard case .sessionReady = try await device.authenticate(identity) else { throw ConnectionEnded() }
    let sealed = try RegistrationEnvelope.seal(self.number, identity: identity.publicKey, trust: relay.trust)
    guard case .codeSent = try await device.ask(.register(sealedNumber: sealed)),
      let code = relay.sender.code(for: self.number),
      case .registered = try await device.ask(.confirmRegistration(code: code)),
      case .done = try await device.ask(.publishKeyPackage(session.keyPackage))
    else { throw ConnectionEnded() }
  }

  /// From a number to its token, by the relay's evaluation.
  func token(of number: PhoneNumber) async throws -> NumberToken {
    let generation = TokenGeneration(rawValue: 1)
    let request = try NumberTokenRequest(number, generation: generation, trust: relay.trust)
    guard case .evaluations(let evaluations) = try await device.ask(.evaluateTokens(generation, [request.blindedElement])),
      evaluations.count == 1
    else { throw ConnectionEnded() }
    return try request.token(from: evaluations[0])
  }
}

private final class TestDeviceHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let continuation: AsyncStream<ServerFrame>.Continuation
  private var decoder = RelayFrameDecoder()

  init(_ continuation: AsyncStream<ServerFrame>.Continuation) { self.continuation = continuation }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    unwrapInboundIn(data).withUnsafeReadableBytes { decoder.append($0) }
    do {
      while let frame = try decoder.nextServerFrame() { continuation.yield(frame) }
    } catch {
      context.close(promise: nil)
    }
  }

  func channelInactive(context: ChannelHandlerContext) { continuation.finish() }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
