import ArgumentParser
import QMI
import Telephony
import Testing
import VirtualModem

@testable import shunt_lab

@Suite struct ArgumentsTests {
  func rules(_ arguments: String...) throws -> [CarrierRule] {
    try RuleOptions.parse(arguments).rules()
  }

  @Test func readsRules() throws {
    #expect(
      try rules("--reject", "any") == [
        CarrierRule(match: .any, effect: .reject(RPCause(rawValue: 21), failureCause: nil))
      ])
    #expect(
      try rules("--reject", "+441632960001=38/0xC0*2") == [
        CarrierRule(
          match: .recipient("+441632960001"),
          effect: .reject(RPCause(rawValue: 38), failureCause: FailureCause(rawValue: 0xC0)), count: 2)
      ])
    #expect(
      try rules("--delay", "from:+441632960001=2.5", "--delay-answer", "to:12345=0.25*1") == [
        CarrierRule(match: .sender("+441632960001"), effect: .delay(.milliseconds(2500))),
        CarrierRule(match: .recipient("12345"), effect: .delayAnswer(.milliseconds(250)), count: 1),
      ])
    #expect(
      try rules("--drop", "12345*3", "--silence", "any", "--repeat", "any=80*1") == [
        CarrierRule(match: .recipient("12345"), effect: .drop, count: 3), CarrierRule(match: .any, effect: .silence),
        CarrierRule(match: .any, effect: .repeated(80), count: 1),
      ])
  }

  @Test(arguments: [
    ["--reject", "any=256"], ["--reject", "any=x"], ["--reject", "any=21/400"], ["--reject", ""], ["--reject", "=21"],
    ["--delay", "any"], ["--delay", "any=-1"], ["--delay", "any=nan"], ["--delay", "any=90000"], ["--drop", "any*0"],
    ["--drop", "any*x"], ["--repeat", "any"], ["--repeat", "any=1"], ["--repeat", "any=101"],
  ])
  func refusesOtherRules(arguments: [String]) {
    #expect(throws: (any Error).self) { try RuleOptions.parse(arguments).rules() }
  }

  @Test func readsFaults() throws {
    #expect(
      FaultArgument(argument: "wms/0x20=error:52*3")?.fault
        == ModemFault(service: .wms, message: 0x20, effect: .failure(.deviceNotReady), count: 3))
    #expect(FaultArgument(argument: "nas=silence")?.fault == ModemFault(service: .nas, effect: .silence))
    #expect(
      FaultArgument(argument: "0xE3/7=delay:1.5")?.fault
        == ModemFault(service: 0xE3, message: 7, effect: .delay(.milliseconds(1500))))
    for text in ["", "wms", "wms/=silence", "abc=silence", "wms/0x20", "wms=error", "wms=error:70000", "wms=silence:1", "wms=delay:x", "wms=silence*0"] {
      #expect(FaultArgument(argument: text) == nil, "\(text)")
    }
  }

  @Test func aModemIsMadeFromItsNumber() throws {
    _ = try ModemCommand.parse(["--msisdn", "+441632960001"])
    _ = try ModemCommand.parse([
      "--msisdn", "+441632960001", "--imei", "356320009600018", "--imsi", "234150000000001", "--iccid",
      "8944200000000000001", "--mcc", "262", "--mnc", "01", "--operator", "Lab", "--smsc", "+441632960999",
      "--serving-mcc", "208", "--serving-mnc", "10", "--serving-operator", "Away", "--client-ids", "4", "--sim-capacity", "1",
      "--modem-capacity", "2", "--hide-number-in-modem", "--hide-number-on-sim", "--fault", "wms=silence",
    ])
    for wrong in [
      ["--msisdn", "441632960001"], ["--msisdn", "+441632960001", "--imei", "1"],
      ["--msisdn", "+441632960001", "--mcc", "1"], ["--msisdn", "+441632960001", "--client-ids", "255"],
      ["--msisdn", "+441632960001", "--sim-capacity", "0"], [],
    ] {
      #expect(throws: (any Error).self, "\(wrong)") { try ModemCommand.parse(wrong) }
    }
  }

  @Test func rulesWantsSomethingToDo() throws {
    _ = try RulesCommand.parse(["--carrier", "socket", "--clear"])
    #expect(throws: (any Error).self) { try RulesCommand.parse(["--carrier", "socket"]) }
  }
}
