internal import Glibc
public import Logging
public import Metrics
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
public import RelayProtocol
internal import Sealing
public import ServiceLifecycle


/// How to run a relay.
public struct RelayServerConfiguration: Sendable {
  public var directory: RelayDirectory
  /// An IP address; `0.0.0.0` and `::` for all.
  public var bindAddress = "0.0.0.0"
  /// 0: any free one, told by ``RelayServer/port``.
  public var port = 7443
  public var limits = RelayLimits()
  public var sender: any CodeSender
  /// A new file for all that passes inside TLS, and the numbers opened; for audits.
  public var recording: String?

  public init(directory: RelayDirectory, sender: any CodeSender) {
    self.directory = directory
    self.sender = sender
  }
}

/// A relay that listens: TLS 1.3 with ALPN `shunt/1`, sessions, store (design sections 7 to 9).
public final class RelayServer: Service {
  /// How long sessions have to take their last frames when the relay stops.
  static let stoppingTime: TimeAmount = .seconds(8)
  /// Data that a peer's host has not acknowledged for so long ends the connection, milliseconds.
  static let unacknowledgedTime = 30_000

  /// The port it listens on.
  public let port: Int
  private let group: MultiThreadedEventLoopGroup
  private let node: RelayNode
  private let channel: any Channel
  private let workers: RelayWorkers
  private let store: RegistrationStore
  private let logger: Logger

  /// Reads the directory, opens the store and listens.
  ///
  /// - Throws: ``RelayError``, one line for a person.
  public static func start(
    _ configuration: RelayServerConfiguration, metrics: any MetricsFactory = MetricsSystem.factory, logger: Logger
  ) async throws -> RelayServer {
    let contents = try configuration.directory.load()
    let tls: NIOSSLContext
    do {
      tls = try NIOSSLContext(configuration: Self.tlsConfiguration(contents))
    } catch {
      throw RelayError.invalid(
        path: configuration.directory.keyPath,
        reason: "not the key of \(configuration.directory.certificatePath)")
    }
    let recorder = try configuration.recording.map { path throws(RelayError) in try FrameRecorder(path: path, logger: logger) }
    if let recorder {
      logger.warning(
        "for an audit: every frame, and every number that registers, in the clear, is recorded; never do this in service",
        metadata: ["file": "\(recorder.path)"])
    }
    let store = try RegistrationStore(path: configuration.directory.databasePath)
    try Self.report(store, generations: contents.keys.generations, path: configuration.directory.databasePath, logger)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let workers = RelayWorkers()
    let hub = RelayHub(
      certificateKeyHash: contents.keyHash, generations: contents.keys.generations, limits: configuration.limits)
    let node = RelayNode(
      eventLoop: group.next(), hub: hub, keys: contents.keys, store: store, workers: workers,
      sender: configuration.sender, recorder: recorder, metrics: metrics, logger: logger)
    do {
      let channel = try await Self.bootstrap(group, tls: tls, node: node)
        .bind(host: configuration.bindAddress, port: configuration.port).get()
      try await group.next().submit { node.start() }.get()
      let server = RelayServer(
        port: channel.localAddress?.port ?? configuration.port, group: group, node: node, channel: channel,
        workers: workers, store: store, logger: logger)
      logger.notice(
        "listening", metadata: ["address": "\(configuration.bindAddress)", "port": "\(server.port)"])
      return server
    } catch {
      await workers.stop()
      store.close()
      try? await group.shutdownGracefully()
      let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
      throw RelayError.cannotListen(
        address: configuration.bindAddress, port: configuration.port, reason: reason)
    }
  }

  private init(
    port: Int, group: MultiThreadedEventLoopGroup, node: RelayNode, channel: any Channel,
    workers: RelayWorkers, store: RegistrationStore, logger: Logger
  ) {
    self.port = port
    self.group = group
    self.node = node
    self.channel = channel
    self.workers = workers
    self.store = store
    self.logger = logger
  }

  /// Runs until the service group stops it, gracefully: sessions are told, then closed.
  public func run() async throws {
    try? await gracefulShutdown()
    await stop()
  }

  /// Tells every session, closes all and lets go of everything.
  public func stop() async {
    logger.notice("stopping")
    let node = node
    let eventLoop = group.next()
    // The listener first, so that nobody comes back while the others are sent off.
    try? await channel.close()
    let closed = eventLoop.makePromise(of: Void.self)
    eventLoop.execute { node.stop().cascade(to: closed) }
    let timeout = eventLoop.makePromise(of: Void.self)
    let timer = eventLoop.scheduleTask(in: Self.stoppingTime) { timeout.succeed() }
    closed.futureResult.whenComplete { _ in
      timer.cancel()
      timeout.succeed()
    }
    try? await timeout.futureResult.get()
    await workers.stop()
    let statistics = try? await eventLoop.submit {
      node.forgetTimer()
      return node.statistics
    }.get()
    store.close()
    try? await group.shutdownGracefully()
    logger.notice(
      "stopped",
      metadata: [
        "sessions": "\(statistics?.sessionsOpened ?? 0)", "messages": "\(statistics?.messagesAccepted ?? 0)",
        "acknowledged": "\(statistics?.messagesAcknowledged ?? 0)",
      ])
  }

  /// What happened so far; counts only.
  public func statistics() async throws -> RelayStatistics {
    let node = node
    return try await group.next().submit { node.statistics }.get()
  }

  /// Says how far the replacement of the number-token key has come, and forgets what belongs to a key that is gone.
  private static func report(
    _ store: RegistrationStore, generations: [TokenGeneration], path: String, _ logger: Logger
  ) throws(RelayError) {
    do {
      let dropped = try store.keepOnly(generations)
      if dropped > 0 {
        logger.warning(
          "registrations of a number-token key that is no longer served were removed", metadata: ["count": "\(dropped)"])
      }
      guard generations.count > 1, let newest = generations.first else { return }
      let count = try store.countWithout(newest)
      logger.notice("two number-token keys are served", metadata: ["registrations without the newer": "\(count)"])
    } catch {
      throw .invalid(path: path, reason: RegistrationStore.text(error))
    }
  }

  private static func tlsConfiguration(_ contents: RelayDirectory.Contents) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: contents.certificates.map { .certificate($0) }, privateKey: .privateKey(contents.key))
    configuration.minimumTLSVersion = .tlsv13
    configuration.applicationProtocols = [RelayConnectionHandler.applicationProtocol]
    configuration.shutdownTimeout = .seconds(2)
    return configuration
  }

  private static func bootstrap(
    _ group: MultiThreadedEventLoopGroup, tls: NIOSSLContext, node: RelayNode
  ) -> ServerBootstrap {
    ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.backlog, value: 1024)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.tcpOption(.init(rawValue: TCP_USER_TIMEOUT)), value: unacknowledgedTime)
      .childChannelOption(.maxMessagesPerRead, value: 4)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
          try channel.pipeline.syncOperations.addHandler(RelayConnectionHandler(node: node))
        }
      }
  }
}
