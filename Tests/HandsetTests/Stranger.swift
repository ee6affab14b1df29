import Interposer
import Routing
import Sealing
import Telephony

@testable import Handset
@testable import RelayProtocol

/// Somebody registered with a program of their own, or a relay that pretends so.
struct Stranger {
  let key: IdentityKey
  let token: NumberToken

  /// - Parameter number: whose token the relay vouches for.
  init(_ number: String) throws {
    key = try IdentityKey()
    token = TestRelay.token(try PhoneNumber(e164: number))
  }

  /// A message as a relay would pass it on.
  ///
  /// - Parameter sent: by the stranger's clock; now when nil.
  func message(
    _ world: World, to device: Device, claiming number: String, _ parts: [MessagePart],
    id: RelayProtocol.MessageID? = nil, generation: TokenGeneration = TestRelay.generation, sent: WallTime? = nil
  ) throws -> IncomingMessage {
    guard let package = device.handset?.link.sessionKey?.keyPackage else { throw NoKey() }
    let content = MessageContent(senderNumber: try PhoneNumber(e164: number), sent: sent ?? world.wall, parts: parts)
    let id = id ?? RelayProtocol.MessageID(using: &world.generator)
    let sealed = try MessageSealer.seal(
      content, id: id, from: key, to: VerifiedKeyPackage(package, now: world.wall), of: device.number)
    return IncomingMessage(
      messageID: id, senderToken: token, generation: generation, senderIdentityKey: key.publicKey,
      keyPackageID: package.id, sealed: sealed.sealed)
  }

  static func parts(_ text: String, _ change: (inout MessagePart) -> Void = { _ in }) throws -> [MessagePart] {
    try MessageComposer.submits(text: text, to: SMSAddress(dialled: "+919876500000"), reference: 3).map { submit in
      var part = MessagePart(submit)
      change(&part)
      return part
    }
  }

  struct NoKey: Error {}
}

/// What a device says to what it is sent.
final class Answers {
  private(set) var acknowledgements = 0
  private(set) var refusals: [RefusalReason] = []

  init(_ world: World, _ device: Device) {
    world.relay.fromDevice = { from, frame in
      if from === device {
        switch frame.message {
        case .acknowledge: self.acknowledgements += 1
        case .refuse(_, let reason): self.refusals.append(reason)
        default: break
        }
      }
      return [frame]
    }
  }
}
