import Testing

@testable import Routing

@Suite struct VerificationMessageTests {
  @Test func theCodeIsFoundInExactlyTheRelaysText() {
    #expect(VerificationMessage.code(in: VerificationMessage.text(code: "K7M2P9QX")) == "K7M2P9QX")
    #expect(VerificationMessage.code(in: "Shunt code: K7M2P9Q") == nil)
    #expect(VerificationMessage.code(in: "Shunt code: K7M2P9QX and more text") == nil)
    #expect(VerificationMessage.code(in: "Your Shunt code: K7M2P9QX") == nil)
    #expect(VerificationMessage.code(in: "Shunt code: K7M2P9Q0") == nil, "0 looks like O and is never used")
  }

  @Test func aTypedCodeMayBeGroupedAndInLowerCase() {
    #expect(VerificationMessage.normalized("k7m2-p9qx") == "K7M2P9QX")
    #expect(VerificationMessage.normalized("k7m2 p9qx\n") == "K7M2P9QX")
    #expect(VerificationMessage.normalized("") == nil)
  }
}
