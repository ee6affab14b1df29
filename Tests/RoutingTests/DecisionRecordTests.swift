import Telephony
import Testing

@testable import Routing

@Suite struct DecisionRecordTests {
  static let record = DecisionRecord(
    time: WallTime(millisecondsSince1970: 1_700_000_000_123), id: "0a1b", modem: "/dev/cdc-wdm0",
    direction: .outgoing, number: "+919876543210", parts: 2, route: .carrier, reason: .noAcknowledgement,
    outcome: .failed, attemptedIP: true, ipTime: .milliseconds(6001), totalTime: .milliseconds(6420),
    cause: "the modem said \"no\"\n")

  @Test func theLineHasTheFixedKeysInOrder() {
    #expect(
      Self.record.jsonLine(numbers: .masked) == #"""
        {"time":"2023-11-14T22:13:20.123Z","id":"0a1b","modem":"/dev/cdc-wdm0","direction":"out","number":"…10","parts":2,"route":"carrier","reason":"no-acknowledgement","outcome":"failed","attempted_ip":true,"ip_ms":6001,"total_ms":6420,"cause":"the modem said \"no\"\n"}
        """#)
  }

  @Test func wholeNumbersOnlyWhenAsked() {
    #expect(!Self.record.jsonLine(numbers: .masked).contains("98765432"))
    #expect(Self.record.jsonLine(numbers: .clear).contains(#""number":"+919876543210""#))
  }

  @Test func whatIsNotKnownIsNull() {
    let record = DecisionRecord(
      time: WallTime(millisecondsSince1970: 0), id: "1", modem: "m", direction: .incoming, number: nil, parts: 1,
      route: .ip, reason: .recipientOnline, outcome: .delivered)
    #expect(
      record.jsonLine(numbers: .masked) == #"""
        {"time":"1970-01-01T00:00:00.000Z","id":"1","modem":"m","direction":"in","number":null,"parts":1,"route":"ip","reason":"recipient-online","outcome":"delivered","attempted_ip":false,"ip_ms":null,"total_ms":null,"cause":null}
        """#)
  }

  @Test func controlCharactersAreEscaped() {
    #expect(JSONObject.quoted("a\u{1}\\\u{2028}\u{7F}é") == #""a\u0001\\\u2028\u007fé""#)
  }
}
