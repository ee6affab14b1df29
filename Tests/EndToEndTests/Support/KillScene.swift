import Foundation

/// What the tests that kill things share: a relay, alice and bob with shuntd as a unit, a ModemManager each and a gate on their way to the relay;
/// and carol with the stock proxy.
final class KillScene {
  let rig: Rig
  let carrier: Carrier
  let relay: Relay
  let alice: Member
  let bob: Member
  let carol: Phone

  /// A handset of the scene.
  final class Member {
    let phone: Phone
    let unit: Unit
    let gate: Gate

    init(_ rig: Rig, _ name: String, _ number: String, _ carrier: Carrier, _ relay: Relay, port: UInt16) throws {
      phone = try Phone(rig, name, number, carrier: carrier)
      gate = try Gate(rig, port: port)
      try phone.startModem()
      try phone.startBus()
      try phone.writeSettings(relay: relay, ["relay/port": "\(port)"])
      unit = try Unit(phone)
      try unit.start()
      try phone.startModemManager()
    }

    var modemManager: Int32 {
      get throws {
        guard let id = Int32(TextFile.read(phone.rig.path("\(phone.name)-modemmanager.pid")).trimmingCharacters(in: .whitespacesAndNewlines))
        else { throw RigError("no ModemManager of \(phone.name)") }
        return id
      }
    }

    func waitUntilWell() throws {
      try phone.waitUntilEnabled()
      try comeBack()
    }

    /// Waits for a session. A change of the network makes it come at once, however often the link was lost lately.
    /// - Parameter connectionCount: how many connections to the relay were made before the one that it takes.
    func comeBack(after connectionCount: Int = 0) throws {
      try eventually("\(phone.name) has a session with the relay: \(try phone.status())") {
        let session = try phone.status()["session"] as? String
        if session == "waiting" { try phone.changeNetwork() }
        return session == "online" && gate.connectionCount > connectionCount
      }
    }
  }

  nonisolated(unsafe) private static var started: Result<KillScene, any Error>?

  /// The scene, set when it is first asked for. Only the laboratory's queue may.
  static func shared() throws -> KillScene {
    if let started { return try started.get() }
    let result = Result { try KillScene() }
    started = result
    return try result.get()
  }

  private init() throws {
    rig = try Rig.shared()
    carrier = try Carrier(rig)
    relay = try Relay(rig, sender: .carrier(carrier))
    try relay.start()
    carol = try Phone(rig, "carol", "+447700900103", carrier: carrier)
    try carol.startModem()
    try carol.startBus()
    try carol.startModemManager(hasStockProxy: true)
    alice = try Member(rig, "alice", "+447700900101", carrier, relay, port: 7451)
    bob = try Member(rig, "bob", "+447700900102", carrier, relay, port: 7452)
    for phone in [carol, alice.phone, bob.phone] { try phone.waitUntilEnabled() }
    for member in [alice, bob] { try member.phone.enroll() }
  }

  // MARK: texts

  /// Where a text stands when something is killed.
  enum Step: String {
    /// Answered; the recipient has read and deleted it.
    case deleted
    /// Answered; the recipient has read it.
    case read
    /// By carrier, since the session was lost; the carrier has not answered. The recipient gets it by IP, too.
    case fallenBack
    /// Acknowledged; the sender's device has not heard of it. Announced to the recipient's ModemManager, which has not read it.
    case acknowledged
    /// Stored and announced; the acknowledgement is on its way to the relay.
    case stored
    /// Handed to the relay, on its way to the recipient.
    case handedOver
    /// Taken from the app; whether the recipient can be reached is being asked.
    case lookedUp
    /// Sent after the kill.
    case meanwhile
  }

  struct Text {
    let step: Step
    let words: String
    let recipient: Phone
    /// mmcli, which waits for the outcome.
    let sending: RunningProgram
  }

  /// - Parameter isLong: whether it takes three parts.
  private func send(_ step: Step, _ name: String, to recipient: Phone, isLong: Bool = false) throws -> Text {
    let words = "\(name) \(step.rawValue)" + (isLong ? String(repeating: " and so on", count: 35) : "")
    let path = try rig.call("rig_create", "alice", recipient.number, words)
    let program = try Program.start(
      rig.words(in: "alice", ["mmcli", "-s", path, "--send"]), environment: rig.environment(of: "alice"))
    return Text(step: step, words: words, recipient: recipient, sending: program)
  }

  /// Brings a text from alice to each step.
  func textsAtEveryStep(_ name: String) throws -> [Text] {
    for member in [alice, bob] { try member.waitUntilWell() }
    try bob.phone.emptyInbox()
    try carol.emptyInbox()

    let deleted = try send(.deleted, name, to: bob.phone)
    try eventually("bob has it") { try bob.phone.inbox().contains { $0.text == deleted.words } }
    for message in try bob.phone.inbox() where message.text == deleted.words { try bob.phone.delete(message) }

    // It takes what it is given when it goes on.
    Foundation.kill(try rig.processID(of: "carrier"), SIGSTOP)
    bob.gate.hold(.toDevice)
    let fallenBack = try send(.fallenBack, name, to: bob.phone, isLong: true)
    try eventually("it is on its way to bob") { bob.gate.held(.toDevice) > 1000 }
    let connectionCount = alice.gate.connectionCount
    alice.gate.cut()
    bob.gate.release()
    try alice.comeBack(after: connectionCount)

    let read = try send(.read, name, to: bob.phone)
    try eventually("bob has it") { try bob.phone.inbox().contains { $0.text == read.words } }

    Foundation.kill(try bob.modemManager, SIGSTOP)
    alice.gate.hold(.toDevice)
    let before = try bob.phone.decisions().count
    let acknowledged = try send(.acknowledged, name, to: bob.phone)
    try eventually("bob stores it") { try bob.phone.decisions().count > before }
    // That the relay took it are some 30 octets, the acknowledgement some 80.
    try eventually("alice would hear of it: \(alice.gate.held(.toDevice))") { alice.gate.held(.toDevice) > 100 }
    bob.gate.hold(.toRelay)
    let stored = try send(.stored, name, to: bob.phone, isLong: true)
    try eventually("bob acknowledges it") { bob.gate.held(.toRelay) > 0 }
    bob.gate.hold(.toDevice)
    let handedOver = try send(.handedOver, name, to: bob.phone)
    try eventually("it is on its way to bob") { bob.gate.held(.toDevice) > 1000 }
    alice.gate.hold(.toRelay)
    let lookedUp = try send(.lookedUp, name, to: carol)
    try eventually("alice asks for carol") { alice.gate.held(.toRelay) > 0 }
    for text in [fallenBack, acknowledged, stored, handedOver, lookedUp] where !text.sending.isRunning {
      throw RigError("\(text.step) was answered too early: \(text.sending.output)\(text.sending.errors)")
    }
    return [deleted, fallenBack, read, acknowledged, stored, handedOver, lookedUp]
  }

  /// One from alice to bob while something is down.
  func textMeanwhile(_ name: String) throws -> Text { try send(.meanwhile, name, to: bob.phone) }

  /// Nothing is held up any more.
  func letGo() {
    for member in [alice, bob] { member.gate.release() }
    for process in [try? bob.modemManager, try? rig.processID(of: "carrier")] {
      if let process { Foundation.kill(process, SIGCONT) }
    }
  }

  // MARK: kills

  /// What is killed.
  enum Victim: CaseIterable {
    case sendersShuntd, recipientsShuntd, relay
    case sendersModemManager, recipientsModemManager
    /// Off its port for a second; its node is another one then.
    case sendersModem, recipientsModem

    enum End {
      case senders, recipients
    }

    /// At whose end: the relay is far from the sender.
    var end: End {
      switch self {
      case .sendersShuntd, .sendersModemManager, .sendersModem: .senders
      case .recipientsShuntd, .relay, .recipientsModemManager, .recipientsModem: .recipients
      }
    }
  }

  /// Kills it, and only then lets go of what is held up.
  func kill(_ victim: Victim) throws {
    switch victim {
    case .sendersShuntd: alice.unit.kill()
    case .recipientsShuntd: bob.unit.kill()
    case .relay: try relay.stop("KILL")
    case .sendersModemManager: try rig.stop("alice-modemmanager", "KILL")
    case .recipientsModemManager: try rig.stop("bob-modemmanager", "KILL")
    case .sendersModem: try unplug(alice)
    case .recipientsModem: try unplug(bob)
    }
    letGo()
  }

  private func unplug(_ member: Member) throws {
    let isGone = "the modem /dev/cdc-wdm0 is gone"
    let count = member.phone.shuntdLog.components(separatedBy: isGone).count
    Foundation.kill(try rig.processID(of: "\(member.phone.name)-modem"), SIGHUP)
    try eventually("shuntd of \(member.phone.name) says so: \(member.phone.shuntdLog)") {
      member.phone.shuntdLog.components(separatedBy: isGone).count > count
    }
  }

  func restart(_ victim: Victim) throws {
    // As systemd has it: RestartSec=1.
    sleep(1)
    switch victim {
    case .sendersShuntd: try alice.unit.start()
    case .recipientsShuntd: try bob.unit.start()
    case .relay: try relay.start()
    case .sendersModemManager: try alice.phone.startModemManager()
    case .recipientsModemManager: try bob.phone.startModemManager()
    case .sendersModem, .recipientsModem: break
    }
  }

  /// Waits until all are well again and nothing is under way any more.
  func settle(_ texts: [Text]) throws {
    try eventually("mmcli ends", within: 60) { texts.allSatisfy { !$0.sending.isRunning } }
    for member in [alice, bob] { try member.waitUntilWell() }
    for text in texts where text.step != .deleted {
      // One that is not to come is told of by the caller.
      try? eventually("\(text.step) is there", within: 2) { try shownCount(of: text) > 0 }
    }
    // What the carrier still brings comes now.
    usleep(500_000)
  }

  /// How often the recipient has seen it.
  func shownCount(of text: Text) throws -> Int {
    let now = try text.recipient.inbox().count { $0.text == text.words }
    return text.step == .deleted ? now + 1 : now
  }

  func expectTextsGoOut() throws {
    let there = try alice.phone.decisionOnSending("Afterwards", to: bob.phone.number)
    let back = try bob.phone.decisionOnSending("And back", to: alice.phone.number)
    for decision in [there, back] where "\(decision)" != "out ip recipient-online delivered" { throw RigError("\(decision)") }
    try eventually("bob has it") { try bob.phone.inbox().contains { $0.text == "Afterwards" } }
    try eventually("alice has it") { try alice.phone.inbox().contains { $0.text == "And back" } }
    for phone in [alice.phone, bob.phone] { try phone.emptyInbox() }
  }
}
