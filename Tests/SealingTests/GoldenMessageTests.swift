import Crypto
import RelayProtocol
import Telephony
import Testing

@testable import Sealing

/// One message as version 1 seals it, with the keys that open it: what these say must never change, or devices that were
/// not updated together would not understand each other.
@Suite struct GoldenMessageTests {
  static let sealed = """
    8f039b1c4e0f9370765650aa85832db3d3d06dfabe156c5330ec3fe83f580acf50b49bc0db11778fd8ed02a6984678bc1d41\
    7151e55a0ae3ad4ce76bf04036aac28701b235794e50f1686900d10cf288acce589ce66c20e22b0bb743b69f512d7fbd3789\
    91190982648cb12a01ce1cdb5b30889e671b13e9e83e9447e8277e97c394da214fc6f8ba47a2056a4e5b5213ed3385b613f3\
    073bb96452dde7e319ada51df59b73a309beb01d3ffb6e785c6e5f79c9e5d82f9b8bf72f5dcc7d26233ebccc0f48d7797236\
    a8fde5d0974171eddacee88d27fc99bc7d441f0d9366de67c21facb0e15ec4b26512779e148bb33b2acedd3f90a2def18631\
    b7426b7c2e4bf2caddec211f97520c02e9d7d94a8bc3edd253785e5aa31156f96eabd50a1c3276169184538942742f9ce7d7\
    dbc19f71c05935a06342beaf19179965533bfa37b938e1845499e30edccf028e1bbf477c239ea05a84cd189eb5ff6a52b7bc\
    40362ef592f79db6f8c4ce15b2ea55f0a9524f03410dbe74ca88bc65f1d06ba7cacb7da94d20ba05782c3c83f310aa21bb91\
    ef00c392709209288c38352e78c3ee80be41f9b70022a27315f7c723af996a935960ebe799d278e2404eefb17e18a547d633\
    9a10a3a7222651a2f6b757ed4658321d75d23009f221d7adb07e0435751be97082e248b308a0e8320e1b543466107869059d\
    96937b9fcab976a9ea6f298d627c9ad6d7626be500eb2e5ed67523c537c9aa2ce3948ab17c7d5890e0b595b98af994c3172a\
    a6f6b52936af39de2cfe38397b0bd3f41b11d78a03d99c55d228859140ea129a0a19e88cdc42ea291911880481688a81cdd3\
    1513ab8d36ac93b6264b7fd349b4073d15ae5754d707b62f882d3dc0a8da2a1054c3313fea27a4f4f70acafb7b8fe62b7563\
    e8a36c9d27dfeb2569df0ce5a433333bf5c6f3199fb6a0ef7cc6626e53c0781727989e2e534aab4625e94de135420bacac06\
    e9cf96b5b51f83efb9840fbd3926fb1887af043a3a28840f81bf7e875e5dee917d7d3b3458b66c55c7663bcfd874ba9d74f7\
    4f2da084a8961734da86c865f432cd9b7c685200f0f8c9e280d57bcdf456bc593bd8ad291ede288bebd44e4a037a4c471893\
    36b71462f0a4b089d991eb4bf13a699e3939c83ac4e5322574f64dbc611a42145d89d6c3e10d3bf889e76cf3606b689ece49\
    ad25ae6d783fafa7fb0f6bda50f8b33babb65fad1b6c0cc5228530088f25d583f927cf9e3f95029e36ea92d11770d1a81c8c\
    9730690edf922c91681b9944fa5455fcf9c7e2b77e375f9ca58b536dda2ca2068239625e31ec5b4b77f3854d88e09d77a727\
    fed4aa668809458d3ef57d45c77c082eb9381047de744626070309c1a83c53b740976fa0a24047a5582b3988903258dbd922\
    bee3cb201db2f22ca77ed5dd6ef513c6ab2906102113c3c225a7942589e9de0261881099b998946ee7f4eeed0dfd0061854b\
    304b94e81210f6da17e7a11596da5a3f8797ca7a6bacf4a34fb1a639aa1ee8f94eb8e48b472913b17b198def2b55da8a37dc\
    e2c0b6a3fc876e25a330958ac987c6ca976b756b73861c619227dddcc233e85b9859ad07c27a6b0e79ffc08c61a0c60dc00e\
    55f3f82640e64116179f67b1b25ec5fd5aeae7e849f72a54897aa9a009f1a46ca34b587aac6f9cd431242f6878c9b14dd55e\
    f1351761a14f15e49c2ec445dc2a5e547169adc9418912054256ad23139bc10fa02b05b426fa244ea31a42
    """
  static let mac = "269cd8c75bf7f366f1e09d255c80c6475b70ec6b8e97b30a6ddef8795e9692ea"
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
      now: Fixtures.now)
    #expect(
      try opened.content
        == MessageContent(
          senderNumber: Fixtures.number(), sent: Fixtures.now, parts: [Fixtures.part("Gr\u{FC}\u{DF}e")]))
    #expect(try opened.acknowledgementKey.mac(for: id).octets == octets(hex: Self.mac))
  }
}
