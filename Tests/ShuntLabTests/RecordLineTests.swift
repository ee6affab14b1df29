import Telephony
import Testing
import VirtualModem

@testable import shunt_lab

@Suite struct RecordLineTests {
  @Test func aRecordIsALineOfJSON() {
    var record = CarrierRecord(
      number: 7, time: WallTime(millisecondsSince1970: 0), kind: .submit, outcome: .accepted, sender: "+441632960001",
      recipient: "12345", text: "say \"hi\"", part: nil, tpdu: [0x01, 0x0A, 0xFF])
    #expect(
      record.line
        == #"{"number":7,"time":"1970-01-01T00:00:00.000Z","kind":"submit","outcome":"accepted","from":"+441632960001","to":"12345","text":"say \"hi\"","tpdu":"010aff"}"#
    )
    record.kind = .statusReport
    record.outcome = .refused(RPCause(rawValue: 22), failureCause: FailureCause(rawValue: 0xD3))
    record.part = .init(reference: 300, total: 3, number: 2)
    #expect(record.line.contains(#""kind":"status-report","outcome":"refused","rp_cause":22,"tp_cause":211,"from""#))
    #expect(record.line.contains(#""reference":300,"total":3,"part":2,"tpdu""#))
  }
}
