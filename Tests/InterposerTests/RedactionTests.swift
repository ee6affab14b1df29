import Interposer
import QMI
import Telephony
import Testing

@Suite struct RedactionTests {
  @Test func nothingPrintedTellsNumberOrText() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(try Sample.rawSend(Sample.submit(to: "+4915112345678", body: [0x54, 0x68, 0x6F])), from: client)
    let submission = try #require(rig.takeSubmission())
    let frame = try Sample.rawSend(Sample.submit(to: "+4915112345678"))
    let printed: [Any] = [
      rig.interposer, Interposer.Action.submitted(submission), Interposer.Action.sendToClient(client, frame.octets),
      Interposer.Action.sendToModem(ModemRequestID(rawValue: 1), frame, timeout: .seconds(1)), submission,
      try Sample.stored(1),
    ]
    for value in printed {
      var dumped = ""
      dump(value, to: &dumped)
      for text in ["\(value)", String(reflecting: value), dumped] {
        #expect(!text.contains("15112345") && !text.contains("9876500000"), "\(text)")
        // The address as semi-octets, and the octets of the text.
        #expect(!text.contains("84, 104") && !text.contains("145, 148"), "\(text)")
      }
    }
  }
}
