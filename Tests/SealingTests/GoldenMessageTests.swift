import Crypto
import RelayProtocol
import Telephony
import Testing

@testable import Sealing

/// One message as version 1 seals it, with the keys that open it: what these say must never change, or devices that were
/// not updated together would not understand each other.
@Suite struct GoldenMessageTests {
  static let sealed = """
    10e615559f950dd4d29d4a7f92e70af036a8bc2bfc9888a2c59d04620df83ee4a940590f4574aa04ea107077e7923bca3c18\
    0500c85fb01f85109098020de6bcc9808f9ac7936ab1d8fabffd495ba315b22df8f5038eeec9339139f76bc25f51c900e227\
    22e7648fbf8a536bfbbf96ec5b90b75eb80a65e49c66d2727fa9a63b3bd01e82b6f79d6ad881091694e0f8e0bb92aee92d76\
    ef62534cae23ef86f3ee8902e6554a698cf5e2c1a941077d5fff04a5834ebaacc179bc7f263325a7fab81c8e8716ac8d933c\
    f5391ae77d5cf71fd3cc3e3d8cb7a3e9c954d6b9bae7fecaa966f81464d7bef478618996a717575818927a0a1f3912cf27fe\
    5a2366f9f57d4ff62c5ecae565d99c4cf3c60b2914579f7f873f21819bfddcc9a4b7f38af5357a55388bec39ac4201a7a51c\
    15e0520e484d5b5fca973df94b8e9a548e9a69a695670043cd159eeb801210c96cdf0455c834a7d7c2a3d05862854d70f70e\
    d72acb460489a063f6888fb23feaf67de6d48663f5530ac8d49e492217306107008e7b68880fad3c0cccd4afc29ad5877921\
    c7aec5dc90314643a65caa82711f8227ed76cbf6aaed45bdefeaa5b2549085b7f11e9faa2ccaf5eed687b515fc40e070558c\
    9feced2f3d9dce6bb71341593b5f2caf594103960803a44c7ecfe50c41eabe2cfd47f8b66dbaaeed7da3b646c0e37370d6be\
    6234dac4388a3714caa26ec872431a5527bb6a37d7aaaca7d39a1c2ffd62981f378f272190850ad8975634df276ce7264a24\
    74546f8181b8202947ca45bdf8bde4a3778b45f3108d849011007cac0de10e0ac1435e67b8c37e3838a423f3a149fd28ed6d\
    01d45a9211d5de2dede80b1bdc8709582e7e38c3154f1880fb22915748b976ccbdc1b46b97d2ef9d6365768c8151f127ab52\
    6232ce1415b8700e9598433f3f3e8330015312959a5241ff900b47f12845763c3961c606a9396d56e2a82893f570a2f07b71\
    97fc7907284c70f76329ea080edd97b13b08b5af7ea47e57a9132b3f3d6c435e306362bc43195cda27bc9d994d9c541267e3\
    462629e1eb4a16b01c81b0311c0e35990782a32068fcb1923e4e8df796176806b459331a64ab15ae1bbf09557e5f37c8872a\
    77eb158b1947d19518c3bf7d469fe04cba325d45334793fa413dce161c93289b3aabab81de98e641658b73281a3477d51f2a\
    42e2bf2da952724d89de65a108289feb5cb9cfae4a096435e0cbde57970649adbc2d48513dffaea7d0c99f57dcbe20713fc0\
    ec332503be53f7ebc849015151af26d65edd41989607636b4bddcdd09371bacd42e7b0e3062f5dfda1f67538a9a4b921c8e3\
    d5d023c698ef03513e29cd4c2fdd559beb5f4d5f211c27fd9dfef1d79b4dd4bff1848670e61c0cc4a3913523d74cd4ac8244\
    408315299198f8aea49eacbfb4fbcc1c85a18f78eb489372cc93160cd929e835ce15e914853d3842d40ea9054ce7347006b1\
    f1b35fe57b315380653e17f810e87cfb6f99307a4a5779124b409dcd9d5f4a1a04a9cd1f5634319a5a22741c96e00e978989\
    0fce779e935de4e1d3387378fcd5862a9a37801cc933b762261c78669f64f892f14dda0a6d6d878c082648401d58944b2f33\
    8ddd500eb34d89729458e9fec0fcac08c772cfde11284e52d6ee1ad339f9f2dbc290e5b17abe6bed8eda26ed536a08e2a282\
    f323604f906c429fffceeecfb972863a866939c1a2c53cfdd8b82af0d1b30c2ca7ecc7fb21f1076382a732
    """
  static let mac = "49232e68d20dc8be468e81623f5b3725e612b2aaf0b1fa1f1e677e09787961c0"
  static let keyPackageSignature = """
    dc6cb52d076f3d36e8ca731d46368cb3de58a774dabb167d8f0348f369f16eae\
    0cac1c0bf0f6a6d363a8e985ced62a67ed7f6c3cbe02047087243e7ce5b5fd03
    """

  @Test func stillOpens() throws {
    let sender = try IdentityKey(rawRepresentation: [UInt8](repeating: 1, count: 32))
    let recipient = try IdentityKey(rawRepresentation: [UInt8](repeating: 2, count: 32))
    let key = try SessionKey(
      XWingMLKEM768X25519.PrivateKey(seedRepresentation: octets(hex: XWingVector.first.seed), publicKey: nil),
      id: FixedOctets([UInt8](repeating: 3, count: 16)), expires: Fixtures.expires, identity: recipient)
    // Ed25519 is deterministic, so the signature is golden, too.
    #expect(try key.keyPackage.signature.octets == octets(hex: Self.keyPackageSignature))
    let id = try MessageID([UInt8](repeating: 4, count: 16))
    let opened = try key.open(
      IncomingMessage(
        messageID: id, senderToken: FixedOctets([UInt8](repeating: 5, count: 48)), generation: Fixtures.first,
        senderIdentityKey: sender.publicKey, keyPackageID: key.keyPackage.id, sealed: octets(hex: Self.sealed)),
      for: Fixtures.recipientNumber(), now: Fixtures.now)
    #expect(
      try opened.content
        == MessageContent(
          senderNumber: Fixtures.number(), sent: Fixtures.now, parts: [Fixtures.part("Gr\u{FC}\u{DF}e")]))
    #expect(try opened.acknowledgementKey.mac(for: id).octets == octets(hex: Self.mac))
  }
}
