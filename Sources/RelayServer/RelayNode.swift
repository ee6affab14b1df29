internal import Glibc
internal import Logging
internal import Metrics
internal import NIOCore
internal import NIOPosix
internal import RelayProtocol
internal import Sealing
internal import Telephony

/// Runs a ``RelayHub``: carries its actions out and its answers back in. All on one event loop, which is why the hub needs
/// no lock and a message passes from one session to another without a change of thread; more cores are for more nodes.
///
/// Sendable although it is full of state: every entry is checked to be on that loop.
final class RelayNode: @unchecked Sendable {
  /// How long a connection that is being closed may take to take its last frames.
  static let closingTime: TimeAmount = .seconds(5)
  private static let meterInterval: TimeAmount = .seconds(5)
  private static let purgeInterval: TimeAmount = .hours(1)

  let eventLoop: any EventLoop
  private let keys: RelayKeys
  private let store: RegistrationStore
  private let workers: RelayWorkers
  private let sender: any CodeSender
  let recorder: FrameRecorder?
  private let codes = VerificationCodes()
  private let logger: Logger

  private var hub: RelayHub
  private var meters: RelayMeters
  private var outlets: [RelayConnectionID: RelayOutlet] = [:]
  private var unflushed: [RelayOutlet] = []
  private var lastConnection: UInt64 = 0
  /// Numbers are here from the opening of a registration to the sending of its code, and nowhere else.
  private var unsentCodes: [RelayJobID: UnsentCode] = [:]
  private var timer: (deadline: Duration, task: Scheduled<Void>)?
  private var repeatedTasks: [RepeatedTask] = []
  private var isDraining = false

  init(
    eventLoop: any EventLoop, hub: RelayHub, keys: RelayKeys, store: RegistrationStore, workers: RelayWorkers,
    sender: any CodeSender, recorder: FrameRecorder? = nil, metrics: any MetricsFactory, logger: Logger
  ) {
    self.eventLoop = eventLoop
    self.hub = hub
    self.keys = keys
    self.store = store
    self.workers = workers
    self.sender = sender
    self.recorder = recorder
    self.logger = logger
    meters = RelayMeters(factory: metrics)
  }

  /// Starts what happens by the clock. Call once, on the loop.
  func start() {
    eventLoop.preconditionInEventLoop()
    repeatedTasks = [
      eventLoop.scheduleRepeatedTask(initialDelay: Self.meterInterval, delay: Self.meterInterval) { _ in
        self.meters.update(self.hub)
      },
      eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: Self.purgeInterval) { _ in self.purge() },
    ]
  }

  var statistics: RelayStatistics {
    eventLoop.preconditionInEventLoop()
    return hub.statistics
  }

  // MARK: Connections

  /// - Returns: nil when the connection is over a limit: close it.
  func connected(_ channel: any Channel) -> RelayConnectionID? {
    eventLoop.preconditionInEventLoop()
    lastConnection += 1
    let connection = RelayConnectionID(rawValue: lastConnection)
    let address = channel.remoteAddress.map(Self.subnet) ?? ""
    guard hub.connected(connection, address: address, at: RelayClock.time) else { return nil }
    outlets[connection] = RelayOutlet(channel: channel)
    drain()
    return connection
  }

  func secured(_ connection: RelayConnectionID) {
    var generator = SystemRandomNumberGenerator()
    event { $0.secured(connection, nonce: ChallengeNonce(using: &generator), at: $1) }
  }

  func received(_ frame: ClientFrame, from connection: RelayConnectionID) {
    event { $0.received(frame, from: connection, at: $1) }
  }

  func receivedBadFrame(from connection: RelayConnectionID) {
    event { $0.receivedBadFrame(from: connection, at: $1) }
  }

  func closed(_ connection: RelayConnectionID) {
    outlets[connection] = nil
    event { $0.closed(connection, at: $1) }
  }

  /// Tells every session and closes all connections.
  ///
  /// - Returns: succeeds when they are closed.
  func stop() -> EventLoopFuture<Void> {
    let closed = outlets.values.map(\.channel.closeFuture)
    event { $0.stop(at: $1) }
    flush()
    repeatedTasks.forEach { $0.cancel() }
    repeatedTasks = []
    meters.update(hub)
    return EventLoopFuture.andAllComplete(closed, on: eventLoop)
  }

  /// For a loop that is about to end: nothing is scheduled any more.
  func forgetTimer() {
    eventLoop.preconditionInEventLoop()
    timer?.task.cancel()
    timer = nil
  }

  /// What connections are counted by: the address, of IPv6 the /64 that one subscriber has.
  static func subnet(_ address: SocketAddress) -> String {
    let text = address.ipAddress ?? ""
    guard case .v6 = address else { return text }
    var octets = [UInt8](repeating: 0, count: 16)
    guard inet_pton(AF_INET6, text, &octets) == 1 else { return text }
    // An IPv4 peer of a listener for both (RFC 4291, section 2.5.5.2).
    if octets.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF] { return text }
    return octets.prefix(8).map { String($0, radix: 16) }.joined(separator: ":")
  }

  // MARK: The hub

  private func event(_ body: (inout RelayHub, RelayTime) -> Void) {
    eventLoop.preconditionInEventLoop()
    body(&hub, RelayClock.time)
    drain()
  }

  private func drain() {
    // An action's answer may come at once; the loop below takes what it adds.
    guard !isDraining else { return }
    isDraining = true
    defer { isDraining = false }
    while let action = hub.nextAction() { perform(action) }
    armTimer()
  }

  private func armTimer() {
    guard let deadline = hub.nextDeadline else { return }
    if let timer, timer.deadline <= deadline { return }
    timer?.task.cancel()
    let (seconds, attoseconds) = deadline.components
    // A deadline between two nanoseconds is reached at the later one.
    let nanoseconds = UInt64(clamping: seconds * 1_000_000_000 + attoseconds / 1_000_000_000 + 1)
    let task = eventLoop.scheduleTask(deadline: .uptimeNanoseconds(nanoseconds)) {
      self.timer = nil
      self.event { $0.timeReached($1) }
    }
    timer = (deadline, task)
  }

  private func perform(_ action: RelayAction) {
    switch action {
    case .send(let connection, let frame): send(frame, to: connection)
    case .close(let connection): close(connection)
    case .abort(let connection): outlets[connection]?.channel.close(promise: nil)
    case .checkSignature(let job, let authentication, let transcript):
      // 0.12 ms, a fifth of what the handshake before it took.
      let isValid = (try? authentication.identityKey.verify(authentication.signature, of: transcript)) != nil
      hub.signatureChecked(job, isValid: isValid, at: RelayClock.time)
    case .checkCode(let job, let identity, let code, let digest):
      let isRight = Erasure.scope { codes.isRight(code, of: identity, digest) }
      hub.codeChecked(job, isRight: isRight, at: RelayClock.time)
    case .sendCode(let job): sendCode(job)
    case .discardCode(let job): unsentCodes[job] = nil
    case .openNumber(let job, let sealed, let identity): openNumber(job, sealed, identity)
    case .evaluate(let job, let generation, let elements): evaluate(job, generation, elements)
    case .loadRegistration(let job, let identity, let now, let expires):
      inStore { .loaded(try $0.load(identity, now: now, expires: expires)) } then: { hub, outcome, time in
        switch outcome {
        case .loaded(let found): hub.registrationLoaded(job, found.map { .found($0) } ?? .none, at: time)
        default: hub.registrationLoaded(job, .failed, at: time)
        }
      }
    case .saveRegistration(let job, let registration):
      inStore { .saved(displaced: try $0.save(registration)) } then: { hub, outcome, time in
        switch outcome {
        case .saved(let displaced): hub.registrationSaved(job, .saved(displaced: displaced), at: time)
        default: hub.registrationSaved(job, .failed, at: time)
        }
      }
    case .moveRegistration(let job, let identity, let held, let tokens):
      inStore { .loaded(try $0.move(identity, holding: held, adding: tokens)) } then: { hub, outcome, time in
        switch outcome {
        case .loaded(let found): hub.registrationMoved(job, found.map { .found($0) } ?? .none, at: time)
        default: hub.registrationMoved(job, .failed, at: time)
        }
      }
    case .endRegistrations(let job, let tokens):
      inStore { .ended(try $0.removeAll(tokens)) } then: { hub, outcome, time in
        switch outcome {
        case .ended(let identities): hub.registrationsEnded(job, .ended(identities), at: time)
        default: hub.registrationsEnded(job, .failed, at: time)
        }
      }
    case .removeRegistration(let job, let identity):
      inStore {
        try $0.remove(identity)
        return .removed
      } then: { hub, outcome, time in
        hub.registrationRemoved(job, succeeded: outcome == .removed, at: time)
      }
    case .findTokens(let job, let tokens, let now):
      inStore { .found(try $0.find(tokens, now: now)) } then: { hub, outcome, time in
        switch outcome {
        case .found(let found): hub.tokensFound(job, found, at: time)
        default: hub.tokensFound(job, nil, at: time)
        }
      }
    }
  }

  // MARK: Out

  private func send(_ frame: ServerFrame, to connection: RelayConnectionID) {
    guard let outlet = outlets[connection] else { return }
    do {
      let octets = try frame.encoded()
      if let recorder { octets.withUnsafeBytes { recorder.record(.sent, connection, $0) } }
      outlet.unwritten.writeBytes(octets)
    } catch {
      // Only a fault of ours makes such a frame. Without its answer the device would wait for nothing.
      logger.error("a frame could not be encoded", metadata: ["error": "\(error)"])
      outlet.channel.close(promise: nil)
      return
    }
    queueFlush(outlet)
  }

  private func close(_ connection: RelayConnectionID) {
    guard let outlet = outlets[connection] else { return }
    outlet.closesAfterFlush = true
    queueFlush(outlet)
    let channel = outlet.channel
    let timeout = eventLoop.scheduleTask(in: Self.closingTime) { channel.close(promise: nil) }
    channel.closeFuture.whenComplete { _ in timeout.cancel() }
  }

  private func queueFlush(_ outlet: RelayOutlet) {
    guard !outlet.isWaitingForFlush else { return }
    outlet.isWaitingForFlush = true
    // After all connections that are readable in this turn: what they send to one another goes out in one go.
    if unflushed.isEmpty { eventLoop.execute { self.flush() } }
    unflushed.append(outlet)
  }

  private func flush() {
    let outlets = unflushed
    unflushed = []
    for outlet in outlets {
      outlet.isWaitingForFlush = false
      write(outlet)
    }
    reportBacklogs(of: outlets)
  }

  private func write(_ outlet: RelayOutlet) {
    let octetCount = outlet.unwritten.readableBytes
    guard octetCount > 0 else {
      if outlet.closesAfterFlush { outlet.channel.close(promise: nil) }
      return
    }
    outlet.backlog += octetCount
    let written = outlet.channel.writeAndFlush(outlet.unwritten)
    outlet.unwritten = outlet.channel.allocator.buffer(capacity: 0)
    let bound = NIOLoopBound(outlet, eventLoop: eventLoop)
    written.whenComplete { _ in
      let outlet = bound.value
      outlet.backlog -= octetCount
      if outlet.closesAfterFlush, outlet.backlog == 0 { outlet.channel.close(promise: nil) }
    }
  }

  private func reportBacklogs(of flushed: [RelayOutlet]) {
    let limit = hub.limits.outgoingOctets
    guard flushed.contains(where: { $0.backlog > limit }) else { return }
    for (connection, outlet) in outlets where outlet.backlog > limit {
      let backlog = outlet.backlog
      event { $0.backlogged(connection, octetCount: backlog, at: $1) }
    }
  }

  // MARK: Work elsewhere

  private enum StoreOutcome: Sendable, Equatable {
    case loaded(RelayRegistration?)
    case saved(displaced: [IdentityPublicKey])
    case ended([IdentityPublicKey])
    case removed
    case found(Set<NumberToken>)
    case failed
  }

  private func inStore(
    _ body: @escaping @Sendable (RegistrationStore) throws -> StoreOutcome,
    then answer: @escaping @Sendable (inout RelayHub, StoreOutcome, RelayTime) -> Void
  ) {
    let store = store
    workers.store.runIfActive(eventLoop: eventLoop) { try body(store) }.whenComplete { result in
      let outcome: StoreOutcome
      switch result {
      case .success(let success): outcome = success
      case .failure(let error):
        outcome = .failed
        self.logger.error("the registrations failed", metadata: ["error": "\(RegistrationStore.text(error))"])
      }
      self.event { answer(&$0, outcome, $1) }
    }
  }

  private func purge() {
    let store = store
    workers.store.runIfActive(eventLoop: eventLoop) {
      try store.removeLapsed(now: RelayClock.unixSeconds)
    }.whenComplete { result in
      switch result {
      case .success(let count):
        if count > 0 { self.logger.info("registrations lapsed", metadata: ["count": "\(count)"]) }
      case .failure(let error):
        self.logger.error("the registrations failed", metadata: ["error": "\(RegistrationStore.text(error))"])
      }
    }
  }

  private func evaluate(_ job: RelayJobID, _ generation: TokenGeneration, _ elements: [BlindedElement]) {
    let keys = keys
    workers.evaluations.runIfActive(eventLoop: eventLoop) { () -> ElementEvaluation in
      do throws(SealingError) {
        return .evaluated(try keys.evaluate(elements, generation: generation))
      } catch {
        if case .invalidKey = error { return .bad }
        return .failed
      }
    }.whenComplete { result in
      let evaluation = (try? result.get()) ?? .failed
      self.event { $0.elementsEvaluated(job, evaluation, at: $1) }
    }
  }

  private enum Opening: Sendable {
    case opened(UnsentCode, [GenerationToken], CodeDigest)
    case bad
    case failed
  }

  private func openNumber(_ job: RelayJobID, _ sealed: [UInt8], _ identity: IdentityPublicKey) {
    let keys = keys
    let codes = codes
    let recorder = recorder
    workers.registrations.runIfActive(eventLoop: eventLoop) { () -> Opening in
      Erasure.scope {
        guard let number = try? RegistrationEnvelope.open(sealed, identity: identity, keys: keys) else { return .bad }
        if let recorder { Array(number.e164.utf8).withUnsafeBytes { recorder.record(.opened, nil, $0) } }
        guard let tokens = try? keys.tokens(for: number) else { return .failed }
        let code = codes.draw()
        return .opened(UnsentCode(number, code: code), tokens, codes.digest(code, of: identity))
      }
    }.whenComplete { result in
      switch (try? result.get()) ?? .failed {
      case .opened(let unsent, let tokens, let digest):
        self.unsentCodes[job] = unsent
        self.event { $0.numberOpened(job, .opened(tokens, digest), at: $1) }
      case .bad: self.event { $0.numberOpened(job, .bad, at: $1) }
      case .failed: self.event { $0.numberOpened(job, .failed, at: $1) }
      }
    }
  }

  private func sendCode(_ job: RelayJobID) {
    guard let unsent = unsentCodes.removeValue(forKey: job) else { return }
    let sender = sender
    workers.senders.runIfActive(eventLoop: eventLoop) {
      try Erasure.scope {
        try sender.send(VerificationCodes.message(unsent.code), to: unsent.number)
      }
    }.whenComplete { result in
      var succeeded = true
      if case .failure(let error) = result {
        succeeded = false
        self.logger.error("a code could not be sent", metadata: ["error": "\(error)"])
      }
      self.event { $0.codeSent(job, succeeded: succeeded, at: $1) }
    }
  }
}
