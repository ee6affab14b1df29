import Sealing
import Telephony
import Testing

@testable import Handset
@testable import RelayProtocol

/// What a relay may do to its subscribers.
enum Cheat: String, CaseIterable, CustomTestStringConvertible {
  // With messages.
  case alters, drops, takesAndDrops, claimsToHaveAccepted
  case delaysBySeconds, delaysByMinutes, delaysByHours
  case replaysAtOnce, replaysAfterMinutes, replaysAfterHours, sendsAgainWhatWasRefused
  case redirects, redirectsUnderTheOthersKey, swapsCiphertexts, reorders
  // With look-ups and keys.
  case saysUnknown, saysOffline, saysNothing, offersItsOwnKey, offersAnothersKey, offersAKeyNotSigned, offersAnOldKey
  // In the name of others.
  case fakesTheSendersIdentity, fakesTheSendersToken, fakesAcknowledgements, repeatsAnothersAcknowledgement, refusesForTheRecipient
  case letsAnAccompliceUseTheIDFirst

  var testDescription: String { rawValue }

  /// What the sender's log says of each of two texts: reason, and whether the relay was given it.
  var verdict: (summary: String, attemptedIP: Bool) {
    switch self {
    case .replaysAtOnce, .replaysAfterMinutes, .replaysAfterHours, .reorders:
      ("ip recipient-online delivered", true)
    case .saysUnknown: ("carrier unknown-recipient sent", false)
    case .saysOffline, .offersAKeyNotSigned, .offersAnOldKey: ("carrier recipient-offline sent", false)
    case .saysNothing: ("carrier relay-unreachable sent", false)
    case .offersItsOwnKey, .offersAnothersKey: ("carrier key-changed sent", false)
    default: ("carrier no-acknowledgement sent", true)
    }
  }

  /// What the recipient's device would have said, in the sender's log.
  var cause: String? {
    switch self {
    case .alters, .redirectsUnderTheOthersKey, .swapsCiphertexts, .fakesTheSendersIdentity, .fakesTheSendersToken,
      .refusesForTheRecipient:
      "the recipient's device does not believe the sender"
    case .letsAnAccompliceUseTheIDFirst: "the recipient's device would not have it"
    default: nil
    }
  }
}

/// The relay, cheating on what Alice sends to Bob.
final class CheatingRelay {
  private let world: World
  private let (alice, bob, carol): (Device, Device, Device)
  private let cheat: Cheat
  private let ownIdentity: IdentityKey
  private let ownKey: SessionKey
  private let accomplice: Stranger
  /// Frames for Bob that were kept back, or are sent again.
  private var kept: [ServerFrame] = []
  private var lastMAC: AcknowledgementMAC?
  private(set) var isCheating = true

  /// - Parameter lastMAC: of an acknowledgement that was seen before.
  init(_ world: World, _ alice: Device, _ bob: Device, _ carol: Device, _ cheat: Cheat) throws {
    self.world = world
    (self.alice, self.bob, self.carol) = (alice, bob, carol)
    self.cheat = cheat
    ownIdentity = try IdentityKey()
    ownKey = try SessionKey(
      id: KeyPackageID(using: &world.generator), expires: UInt64(world.wall.millisecondsSince1970 / 1000) + 86_400,
      identity: ownIdentity)
    accomplice = try Stranger("+447700900666")
    world.relay.toDevice = { [unowned self] device, frame in isCheating ? toDevice(device, frame) : [frame] }
    world.relay.fromDevice = { [unowned self] device, frame in isCheating ? fromDevice(device, frame) : [frame] }
  }

  /// From here on it is honest; what it kept it has kept.
  func repent() { isCheating = false }

  /// Everything it kept goes out, again or at last.
  func release() {
    let frames = kept
    for frame in frames { world.relay.push(frame, to: bob) }
  }

  // MARK: to the devices

  private func toDevice(_ device: Device, _ frame: ServerFrame) -> [ServerFrame] {
    switch (frame.message, device === bob) {
    case (.incoming(let message), true): incoming(message, frame)
    case (.revoked, true) where cheat.rawValue.hasPrefix("delays") || cheat == .sendsAgainWhatWasRefused: []
    case (.lookUpResult(let contacts), false) where device === alice: lookUp(contacts, frame)
    default: [frame]
    }
  }

  private func incoming(_ message: IncomingMessage, _ frame: ServerFrame) -> [ServerFrame] {
    func changed(_ change: (inout IncomingMessage) -> Void) -> [ServerFrame] {
      var changed = message
      change(&changed)
      return [ServerFrame(request: nil, message: .incoming(changed))]
    }
    switch cheat {
    case .alters: return changed { $0.sealed[$0.sealed.count / 2] ^= 1 }
    case .takesAndDrops: return []
    case .delaysBySeconds, .delaysByMinutes, .delaysByHours:
      kept.append(frame)
      return []
    case .replaysAtOnce: return [frame, frame, frame]
    case .replaysAfterMinutes, .replaysAfterHours:
      kept.append(frame)
      return [frame]
    case .sendsAgainWhatWasRefused:
      kept.append(frame)
      // For the first time when the carrier has brought it.
      return []
    case .redirects:
      world.relay.push(frame, to: carol)
      return []
    case .redirectsUnderTheOthersKey:
      guard let package = carol.handset?.link.sessionKey?.keyPackage else { return [frame] }
      world.relay.push(changed { $0.keyPackageID = package.id }[0], to: carol)
      return []
    case .swapsCiphertexts:
      kept.append(frame)
      guard kept.count == 2, case .incoming(var first) = kept[0].message, case .incoming(var second) = kept[1].message
      else { return [] }
      (first.sealed, second.sealed) = (second.sealed, first.sealed)
      kept = []
      return [first, second].map { ServerFrame(request: nil, message: .incoming($0)) }
    case .reorders:
      kept.append(frame)
      guard kept.count == 2 else { return [] }
      defer { kept = [] }
      return kept.reversed()
    case .fakesTheSendersIdentity: return changed { $0.senderIdentityKey = ownIdentity.publicKey }
    case .fakesTheSendersToken: return changed { $0.senderToken = TestRelay.token(carol.number) }
    case .fakesAcknowledgements:
      world.relay.push(.acknowledged(message.messageID, AcknowledgementMAC(using: &world.generator)), to: alice)
      return []
    case .repeatsAnothersAcknowledgement:
      if let lastMAC { world.relay.push(.acknowledged(message.messageID, lastMAC), to: alice) }
      return []
    case .refusesForTheRecipient:
      world.relay.push(.refused(message.messageID, .notAuthentic), to: alice)
      return [frame]
    case .letsAnAccompliceUseTheIDFirst:
      let parts = try? Stranger.parts("An accomplice's")
      let first = try? accomplice.message(
        world, to: bob, claiming: "+447700900666", parts ?? [], id: message.messageID)
      return first.map { [ServerFrame(request: nil, message: .incoming($0)), frame] } ?? []
    default: return [frame]
    }
  }

  private func lookUp(_ contacts: [Contact], _ frame: ServerFrame) -> [ServerFrame] {
    func answer(_ contact: Contact) -> [ServerFrame] {
      [ServerFrame(request: frame.request, message: .lookUpResult(contacts.map { _ in contact }))]
    }
    switch (cheat, contacts.first) {
    case (.saysUnknown, _): return answer(.unknown)
    case (.saysOffline, _): return answer(.offline)
    case (.saysNothing, _): return []
    case (.offersItsOwnKey, _): return answer(.online(ownKey.keyPackage))
    case (.offersAnothersKey, _): return answer(.online(carol.handset?.link.sessionKey?.keyPackage))
    case (.offersAKeyNotSigned, .online(var package?)):
      package.publicKey = ownKey.keyPackage.publicKey
      return answer(.online(package))
    case (.offersAnOldKey, .online(var package?)):
      package.expires = UInt64(world.wall.millisecondsSince1970 / 1000) - 1
      return answer(.online(package))
    default: return [frame]
    }
  }

  // MARK: from the devices

  private func fromDevice(_ device: Device, _ frame: ClientFrame) -> [ClientFrame] {
    switch (cheat, frame.message) {
    case (.drops, .deliver) where device === alice: return []
    case (.claimsToHaveAccepted, .deliver) where device === alice:
      world.relay.push(ServerFrame(request: frame.request, message: .accepted), to: alice)
      return []
    case (.repeatsAnothersAcknowledgement, .acknowledge(_, let mac)): lastMAC = mac
    case (.redirectsUnderTheOthersKey, .refuse(let id, let reason)) where device === carol:
      world.relay.push(.refused(id, reason), to: alice)
      return []
    default: break
    }
    return [frame]
  }

  /// Remembers the acknowledgement that passes.
  func watchOneAcknowledgement(_ send: () -> Void) {
    world.relay.fromDevice = { [unowned self] _, frame in
      if case .acknowledge(_, let mac) = frame.message { lastMAC = mac }
      return [frame]
    }
    let hook = world.relay.toDevice
    world.relay.toDevice = { _, frame in [frame] }
    send()
    world.relay.toDevice = hook
    world.relay.fromDevice = { [unowned self] device, frame in isCheating ? fromDevice(device, frame) : [frame] }
  }
}
