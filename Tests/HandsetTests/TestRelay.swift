import Handset
@testable import RelayProtocol
import Sealing
import Synchronization
import Telephony
import VirtualModem

/// The relay's hub with real keys; its store is a dictionary and its codes go by the carrier.
final class TestRelay {
  static let keys = try! RelayKeys()
  static let trust = try! keys.trust(
    certificatePEM: "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n")
  static let keyHash = try! CertificateKeyHash([UInt8](repeating: 0xC0, count: 32))
  static let generation = keys.generations[0]

  /// With a second number-token key beside the first, and with the second only.
  static let bothKeys = keys.addingGeneration()!
  static let newKeys = bothKeys.droppingOldestGeneration()!
  static let newGeneration = bothKeys.generations[0]
  static let newTrust = try! bothKeys.trust(certificatePEM: trust.pemText)

  private static let knownTokens = Mutex<[PhoneNumber: [GenerationToken]]>([:])

  /// Stretching a number takes long; all tests share what it gave.
  static func token(_ number: PhoneNumber, generation: TokenGeneration = TestRelay.generation) -> NumberToken {
    let known = knownTokens.withLock { $0[number] }
    let tokens = known ?? (try! bothKeys.tokens(for: number))
    if known == nil { knownTokens.withLock { $0[number] = tokens } }
    return tokens.first { $0.generation == generation }!.token
  }

  private unowned let world: World
  private(set) var keys = TestRelay.keys
  var hub: RelayHub
  /// By each token of a registration.
  var store: [NumberToken: RelayRegistration] = [:]

  /// What becomes of frames on their way; none: lost.
  var fromDevice: (Device, ClientFrame) -> [ClientFrame] = { _, frame in [frame] }
  var toDevice: (Device, ServerFrame) -> [ServerFrame] = { _, frame in [frame] }
  /// Where connections come from, by their number.
  var addresses: (UInt64) -> String = { "192.0.2.\($0)" }
  /// False: connections are refused.
  var isRunning = true
  var sendsCodes = true
  /// From the request for a code until its SMS is with the carrier, and until the relay says so.
  var codeDelay: Duration = .milliseconds(20)
  var codeAnswerDelay: Duration = .milliseconds(40)
  private(set) var codes: [String] = []
  private(set) var evaluatedCount = 0

  private struct Link {
    let device: Device
    let connection: RelayConnection
    var decoder = RelayFrameDecoder()
  }

  private var links: [RelayConnectionID: Link] = [:]
  private var lastConnection: UInt64 = 0
  private var unsent: [RelayJobID: (PhoneNumber, String)] = [:]

  init(_ world: World) {
    self.world = world
    hub = RelayHub(certificateKeyHash: Self.keyHash, generations: Self.keys.generations)
  }

  private var time: RelayTime {
    RelayTime(now: world.now, unixSeconds: UInt64(world.wall.millisecondsSince1970 / 1000))
  }

  // MARK: Connections

  func connect(_ device: Device, _ connection: RelayConnection) -> RelayConnectionID? {
    guard isRunning else { return nil }
    lastConnection += 1
    let id = RelayConnectionID(rawValue: lastConnection)
    guard hub.connected(id, address: addresses(lastConnection), at: time) else { return nil }
    links[id] = Link(device: device, connection: connection)
    return id
  }

  func secured(_ id: RelayConnectionID) {
    hub.secured(id, nonce: ChallengeNonce(using: &world.generator), at: time)
  }

  func received(_ octets: [UInt8], on id: RelayConnectionID) {
    guard var link = links[id] else { return }
    link.decoder.append(octets)
    do {
      while let frame = try link.decoder.nextClientFrame() {
        for passed in fromDevice(link.device, frame) { hub.received(passed, from: id, at: time) }
      }
      links[id]?.decoder = link.decoder
    } catch {
      hub.receivedBadFrame(from: id, at: time)
    }
  }

  func closed(_ id: RelayConnectionID) {
    guard links.removeValue(forKey: id) != nil else { return }
    hub.closed(id, at: time)
  }

  /// Sends a device whatever a dishonest relay might.
  func push(_ message: ServerMessage, to device: Device) {
    push(ServerFrame(request: nil, message: message), to: device)
  }

  func push(_ frame: ServerFrame, to device: Device) {
    guard let id = links.first(where: { $0.value.device === device })?.key else { return }
    write(frame, id)
  }

  /// Whether others see the number as online.
  func isOnline(_ number: PhoneNumber) -> Bool {
    keys.generations.contains { hub.connectionOfToken[Self.token(number, generation: $0)] != nil }
  }

  /// The relay stops, and starts again with these keys; every device sees its connection break.
  func restart(with keys: RelayKeys) {
    self.keys = keys
    for id in links.keys.sorted(by: { $0.rawValue < $1.rawValue }) { close(id) }
    unsent = [:]
    hub = RelayHub(certificateKeyHash: Self.keyHash, generations: keys.generations)
    // As the store does at its start.
    for registration in Set(store.values) {
      let kept = registration.tokens.filter { keys.generations.contains($0.generation) }
      for held in registration.tokens { store[held.token] = nil }
      guard
        let registration = RelayRegistration(
          identity: registration.identity, tokens: kept, registered: registration.registered,
          expires: registration.expires)
      else { continue }
      keep(registration)
    }
  }

  func registration(of number: PhoneNumber) -> RelayRegistration? {
    store[Self.token(number)] ?? store[Self.token(number, generation: Self.newGeneration)]
  }

  private func keep(_ registration: RelayRegistration) {
    for held in registration.tokens { store[held.token] = registration }
  }

  /// - Returns: whose they were.
  private func removeHolders(of tokens: [NumberToken]) -> [IdentityPublicKey] {
    let holders = Set(tokens.compactMap { store[$0]?.identity })
    store = store.filter { !holders.contains($0.value.identity) }
    return Array(holders)
  }

  // MARK: The shell

  func timeReached() {
    if let deadline = hub.nextDeadline, deadline <= world.now { hub.timeReached(time) }
  }

  func pump() {
    while let action = hub.nextAction() { perform(action) }
  }

  private func write(_ frame: ServerFrame, _ id: RelayConnectionID) {
    guard let link = links[id] else { return }
    for passed in toDevice(link.device, frame) {
      guard let octets = try? passed.encoded() else { continue }
      world.after(.milliseconds(20)) { link.device.relayReceived(octets, on: link.connection) }
    }
  }

  private func close(_ id: RelayConnectionID) {
    guard let link = links.removeValue(forKey: id) else { return }
    world.after(.milliseconds(21)) { link.device.relayClosed(link.connection, "the relay closed the connection") }
  }

  private func later(_ delay: Duration = .milliseconds(2), _ body: @escaping (inout RelayHub, RelayTime) -> Void) {
    world.after(delay) { [self] in body(&hub, time) }
  }

  private func perform(_ action: RelayAction) {
    switch action {
    case .send(let id, let frame): write(frame, id)
    case .close(let id), .abort(let id): close(id)
    case .checkSignature(let job, let authentication, let transcript):
      let isValid = (try? authentication.identityKey.verify(authentication.signature, of: transcript)) != nil
      hub.signatureChecked(job, isValid: isValid, at: time)
    case .loadRegistration(let job, let identity, let now, let expires):
      var found = store.values.first { $0.identity == identity && $0.expires > now }
      found?.expires = expires
      if let found { keep(found) }
      later { hub, time in hub.registrationLoaded(job, found.map { .found($0) } ?? .none, at: time) }
    case .openNumber(let job, let sealed, let identity):
      guard let number = try? RegistrationEnvelope.open(sealed, identity: identity, keys: keys) else {
        later { $0.numberOpened(job, .bad, at: $1) }
        return
      }
      let letters = Array("34679ACDEFGHJKMNPQRTUVWXY")
      let code = String((0..<8).map { _ in letters[Int(world.generator.next() % 25)] })
      unsent[job] = (number, code)
      let digest = CodeDigest(Array(code.utf8))
      let tokens = keys.generations.map {
        GenerationToken(token: Self.token(number, generation: $0), generation: $0)
      }
      later { $0.numberOpened(job, .opened(tokens, digest), at: $1) }
    case .sendCode(let job): send(job)
    case .discardCode(let job): unsent[job] = nil
    case .checkCode(let job, _, let code, let digest):
      later { $0.codeChecked(job, isRight: Array(code.utf8) == digest.octets, at: $1) }
    case .saveRegistration(let job, let registration):
      let displaced = removeHolders(of: registration.tokens.map(\.token)).filter { $0 != registration.identity }
      store = store.filter { $0.value.identity != registration.identity }
      keep(registration)
      later { $0.registrationSaved(job, .saved(displaced: displaced), at: $1) }
    case .moveRegistration(let job, let identity, let held, let tokens):
      var moved: RelayRegistration?
      if let before = store[held], before.identity == identity, tokens.allSatisfy({ store[$0.token] == nil }) {
        moved = RelayRegistration(
          identity: identity, tokens: before.tokens + tokens, registered: before.registered, expires: before.expires)
      }
      if let moved { keep(moved) }
      later { [moved] hub, time in hub.registrationMoved(job, moved.map { .found($0) } ?? .none, at: time) }
    case .endRegistrations(let job, let tokens):
      let ended = removeHolders(of: tokens)
      later { $0.registrationsEnded(job, .ended(ended), at: $1) }
    case .removeRegistration(let job, let identity):
      store = store.filter { $0.value.identity != identity }
      later { $0.registrationRemoved(job, succeeded: true, at: $1) }
    case .evaluate(let job, let generation, let elements):
      evaluatedCount += elements.count
      guard let evaluations = try? keys.evaluate(elements, generation: generation) else {
        later { $0.elementsEvaluated(job, .bad, at: $1) }
        return
      }
      later(.milliseconds(5)) { $0.elementsEvaluated(job, .evaluated(evaluations), at: $1) }
    case .findTokens(let job, let tokens, let now):
      let found = Set(tokens.filter { (store[$0]?.expires ?? 0) > now })
      later { $0.tokensFound(job, found, at: $1) }
    }
  }

  private func send(_ job: RelayJobID) {
    guard let (number, code) = unsent.removeValue(forKey: job) else { return }
    codes.append(code)
    if sendsCodes {
      world.after(codeDelay) { [unowned world] in
        world.carrier.received(
          .inject(id: 2, sender: "+15550100", recipient: number, text: "Shunt code: \(code)"), from: World.program,
          now: world.now)
      }
    }
    later(codeAnswerDelay) { $0.codeSent(job, succeeded: true, at: $1) }
  }
}
