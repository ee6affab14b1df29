/// The exact octets that an identity key signs. Every transcript starts with a label of its own that names the
/// protocol version, and only its last field has a variable size, so no two different statements share octets.
public struct Transcript: Hashable, Sendable {
  public let octets: [UInt8]

  private init(_ label: StaticString, _ fields: [UInt8]...) {
    var octets = label.withUTF8Buffer { [UInt8]($0) }
    octets.reserveCapacity(fields.reduce(octets.count) { $0 + $1.count })
    for field in fields { octets += field }
    self.octets = octets
  }

  /// Proves an identity key to one relay: a challenge that another server passed on was signed with that server's
  /// certificate key and is worthless here (design, section 8).
  public static func session(nonce: ChallengeNonce, certificateKeyHash: CertificateKeyHash) -> Transcript {
    Transcript("shunt/1 session", nonce.octets, certificateKeyHash.octets)
  }

  /// - Parameter expires: seconds since 1970; signed as 8 octets, big-endian.
  public static func keyPackage(id: KeyPackageID, publicKey: SealingPublicKey, expires: UInt64) -> Transcript {
    let expiry = (0..<8).map { UInt8(truncatingIfNeeded: expires >> (56 - 8 * UInt64($0))) }
    return Transcript("shunt/1 key package", id.octets, publicKey.octets, expiry)
  }

  /// Names the person a message is for by number, too: a relay that passes somebody else's key off as theirs then has not
  /// made that somebody read it.
  ///
  /// - Parameter content: the serialized `SealedContent`, which holds the protocol version and the sender's number.
  public static func message(
    sender: IdentityPublicKey, recipient: IdentityPublicKey, recipientNumber: SignedNumber, keyPackageID: KeyPackageID,
    messageID: MessageID, content: [UInt8]
  ) -> Transcript {
    Transcript(
      "shunt/1 message", sender.octets, recipient.octets, recipientNumber.octets, keyPackageID.octets,
      messageID.octets, content)
  }
}
