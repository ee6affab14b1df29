internal import RelayProtocol
internal import Sealing
internal import Telephony

/// One relay node: the hub with real keys. Its registrations are what was synced to disk; everything else is gone when it dies.
final class SimulatedRelay {
  enum Acceptance {
    case accepted(RelayConnectionID)
    /// Its machine runs, the relay does not, or does not want it.
    case refused
    /// Nobody answers.
    case off
  }

  private unowned let world: World
  private let keys: RelayKeys
  private(set) var hub: RelayHub?
  private(set) var isOff = false
  private(set) var store: [NumberToken: RelayRegistration]
  private var storeFails = false
  private var dying: (actions: Int, fault: PlannedFault)?
  private let alarm = Alarm()
  private var stream: SeededStream
  private var ids: SeededStream
  private var lives = 0

  private struct Link {
    let path: RelayPath
    var decoder = RelayFrameDecoder()
  }

  private var links: [RelayConnectionID: Link] = [:]
  private var lastConnection: UInt64 = 0
  private var unsent: [RelayJobID: (PhoneNumber, String)] = [:]

  init(_ world: World) {
    self.world = world
    keys = world.laboratory.keys
    store = world.laboratory.registrations
    stream = SeededStream(seed: world.plan.seed, "relay")
    ids = SeededStream(seed: world.plan.seed, "relay ids")
    alarm.fire = { [weak self] in self?.timeReached() }
    start()
  }

  private var time: RelayTime {
    RelayTime(now: world.now, unixSeconds: UInt64(clamping: world.wall.millisecondsSince1970 / 1000))
  }

  // MARK: Life

  private func start() {
    guard hub == nil, !isOff else { return }
    lives += 1
    hub = RelayHub(certificateKeyHash: world.laboratory.keyHash, generations: keys.generations)
  }

  func begin(_ fault: PlannedFault) {
    switch fault.kind {
    case .relayKilled, .relayPowerCut:
      guard hub != nil, dying == nil else { return }
      dying = (fault.amount, fault)
      world.after(.seconds(20)) { [unowned self] in if dying?.fault.index == fault.index { die() } }
    case .relayRestarted:
      guard hub != nil else { return }
      hub?.stop(at: time)
      pump()
      end(fault, isTold: true)
    case .relayStoreFails:
      storeFails = true
      world.after(fault.duration) { [unowned self] in storeFails = false }
    default: break
    }
  }

  func heal() {
    storeFails = false
    dying = nil
  }

  private func die() {
    guard let fault = dying?.fault else { return }
    dying = nil
    end(fault, isTold: fault.kind == .relayKilled)
  }

  private func end(_ fault: PlannedFault, isTold: Bool) {
    world.trace.add(world.now, Trace.relay, "ends", lives, fault.kind.rawValue)
    hub = nil
    unsent = [:]
    if fault.kind == .relayPowerCut { isOff = true }
    for (_, link) in links.sorted(by: { $0.key.rawValue < $1.key.rawValue }) { link.path.closedByRelay(isTold: isTold) }
    links = [:]
    world.after(fault.duration) { [unowned self] in
      isOff = false
      start()
    }
  }

  // MARK: Connections

  func accept(_ path: RelayPath) -> Acceptance {
    guard !isOff else { return .off }
    guard hub != nil else { return .refused }
    lastConnection += 1
    let id = RelayConnectionID(rawValue: lastConnection)
    guard hub?.connected(id, address: path.address, at: time) == true else { return .refused }
    links[id] = Link(path: path)
    pump()
    return .accepted(id)
  }

  func knows(_ id: RelayConnectionID, _ path: RelayPath) -> Bool { links[id]?.path === path }

  func secured(_ path: RelayPath, _ id: RelayConnectionID) {
    guard knows(id, path) else { return }
    hub?.secured(id, nonce: ChallengeNonce(using: &ids), at: time)
    pump()
  }

  func received(_ octets: [UInt8], on id: RelayConnectionID) {
    guard links[id] != nil else { return }
    links[id]?.decoder.append(octets)
    do throws(RelayFrameError) {
      while let frame = try links[id]?.decoder.nextClientFrame() {
        world.trace.add(world.now, Trace.relay, "frame", Int(id.rawValue), frame.message.name)
        hub?.received(frame, from: id, at: time)
        pump()
      }
    } catch {
      hub?.receivedBadFrame(from: id, at: time)
      world.violated(.contract, "the relay could not read a frame: \(error)")
    }
    pump()
  }

  func closed(_ id: RelayConnectionID, _ path: RelayPath) {
    guard knows(id, path) else { return }
    links[id] = nil
    hub?.closed(id, at: time)
    pump()
  }

  var connectionCount: Int { links.count }

  func tearDown() {
    hub = nil
    links = [:]
  }

  // MARK: The shell

  private func timeReached() {
    if let deadline = hub?.nextDeadline, deadline <= world.now { hub?.timeReached(time) }
    pump()
  }

  private func pump() {
    while hub != nil {
      if let dying, dying.actions <= 0 {
        die()
        return
      }
      guard let action = hub?.nextAction() else { break }
      dying?.actions -= 1
      perform(action)
    }
    world.arm(alarm, at: hub?.nextDeadline)
  }

  private func close(_ id: RelayConnectionID) {
    links.removeValue(forKey: id)?.path.closedByRelay(isTold: true)
  }

  /// Answers a job, unless this life is over by then.
  private func later(_ body: @escaping (inout RelayHub, RelayTime) -> Void) {
    let life = lives
    world.after(stream.span(200, 20_000)) { [unowned self] in
      guard life == lives, var hub else { return }
      self.hub = nil
      body(&hub, time)
      self.hub = hub
      pump()
    }
  }

  private func keep(_ registration: RelayRegistration) {
    for held in registration.tokens { store[held.token] = registration }
  }

  /// - Returns: whose registrations had one of the tokens.
  private func removeHolders(of tokens: [NumberToken]) -> [IdentityPublicKey] {
    var holders: [IdentityPublicKey] = []
    for token in tokens {
      if let holder = store[token]?.identity, !holders.contains(holder) { holders.append(holder) }
    }
    store = store.filter { !holders.contains($0.value.identity) }
    return holders
  }

  private func perform(_ action: RelayAction) {
    switch action {
    case .send(let id, let frame):
      guard let link = links[id], let octets = try? frame.encoded() else { return }
      link.path.sendDown(octets)
    case .close(let id), .abort(let id): close(id)
    case .checkSignature(let job, let authentication, let transcript):
      let isValid = (try? authentication.identityKey.verify(authentication.signature, of: transcript)) != nil
      later { $0.signatureChecked(job, isValid: isValid, at: $1) }
    case .loadRegistration(let job, let identity, let now, let expires):
      guard !storeFails else { return later { $0.registrationLoaded(job, .failed, at: $1) } }
      var found = store.values.first { $0.identity == identity && $0.expires > now }
      found?.expires = expires
      if let found { keep(found) }
      later { $0.registrationLoaded(job, found.map { .found($0) } ?? .none, at: $1) }
    case .openNumber(let job, let sealed, let identity):
      guard let number = try? RegistrationEnvelope.open(sealed, identity: identity, keys: keys) else {
        return later { $0.numberOpened(job, .bad, at: $1) }
      }
      let letters = Array("34679ACDEFGHJKMNPQRTUVWXY")
      let code = String((0..<8).map { _ in letters[ids.below(letters.count)] })
      unsent[job] = (number, code)
      guard let token = world.laboratory.token(of: number) else {
        return later { $0.numberOpened(job, .failed, at: $1) }
      }
      let generation = keys.generations[0]
      let tokens = [GenerationToken(token: token, generation: generation)]
      later { $0.numberOpened(job, .opened(tokens, CodeDigest(Array(code.utf8))), at: $1) }
    case .sendCode(let job):
      guard let (number, code) = unsent.removeValue(forKey: job) else { return }
      world.after(stream.span(10_000, 5_000_000)) { [world] in world.carrier.sendCode(code, to: number) }
      later { $0.codeSent(job, succeeded: true, at: $1) }
    case .discardCode(let job): unsent[job] = nil
    case .checkCode(let job, _, let code, let digest):
      later { $0.codeChecked(job, isRight: Array(code.utf8) == digest.octets, at: $1) }
    case .saveRegistration(let job, let registration):
      guard !storeFails else { return later { $0.registrationSaved(job, .failed, at: $1) } }
      let displaced = removeHolders(of: registration.tokens.map(\.token)).filter { $0 != registration.identity }
      store = store.filter { $0.value.identity != registration.identity }
      keep(registration)
      later { $0.registrationSaved(job, .saved(displaced: displaced), at: $1) }
    case .moveRegistration(let job, let identity, let held, let tokens):
      guard !storeFails else { return later { $0.registrationMoved(job, .failed, at: $1) } }
      var moved: RelayRegistration?
      if let before = store[held], before.identity == identity, tokens.allSatisfy({ store[$0.token] == nil }) {
        moved = RelayRegistration(
          identity: identity, tokens: before.tokens + tokens, registered: before.registered, expires: before.expires)
      }
      if let moved { keep(moved) }
      later { [moved] in $0.registrationMoved(job, moved.map { .found($0) } ?? .none, at: $1) }
    case .endRegistrations(let job, let tokens):
      guard !storeFails else { return later { $0.registrationsEnded(job, .failed, at: $1) } }
      let ended = removeHolders(of: tokens)
      later { $0.registrationsEnded(job, .ended(ended), at: $1) }
    case .removeRegistration(let job, let identity):
      guard !storeFails else { return later { $0.registrationRemoved(job, succeeded: false, at: $1) } }
      store = store.filter { $0.value.identity != identity }
      later { $0.registrationRemoved(job, succeeded: true, at: $1) }
    case .evaluate(let job, let generation, let elements):
      guard let evaluations = try? keys.evaluate(elements, generation: generation) else {
        return later { $0.elementsEvaluated(job, .bad, at: $1) }
      }
      later { $0.elementsEvaluated(job, .evaluated(evaluations), at: $1) }
    case .findTokens(let job, let tokens, let now):
      guard !storeFails else { return later { $0.tokensFound(job, nil, at: $1) } }
      let found = Set(tokens.filter { (store[$0]?.expires ?? 0) > now })
      later { $0.tokensFound(job, found, at: $1) }
    }
  }
}

extension ClientMessage {
  /// For the trace.
  var name: String {
    switch self {
    case .authenticate: "authenticate"
    case .register: "register"
    case .confirmRegistration: "confirm"
    case .deregister: "deregister"
    case .evaluateTokens: "evaluate"
    case .lookUp: "look up"
    case .publishKeyPackage: "publish"
    case .deliver: "deliver"
    case .acknowledge: "acknowledge"
    case .refuse: "refuse"
    case .revoke: "revoke"
    case .conclude: "conclude"
    case .ping: "ping"
    case .goingAway: "going away"
    case .unrecognized: "?"
    }
  }
}
