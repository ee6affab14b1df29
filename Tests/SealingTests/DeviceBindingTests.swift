import Sealing
import Telephony
import Testing

@Suite struct DeviceBindingTests {
  let iccid = try! ICCID(digits: "8940401008765432106")
  let imsi = try! IMSI(digits: "404100876543210")
  let imei = try! IMEI(digits: "358760005432106")
  let salt = [UInt8](repeating: 7, count: DeviceBinding.saltOctetCount)

  @Test func theSameSIMInTheSameDeviceMatches() {
    let first = DeviceBinding.compute(iccid: iccid, imsi: imsi, imei: imei, salt: salt)
    #expect(first.count == 32)
    #expect(DeviceBinding.compute(iccid: iccid, imsi: imsi, imei: imei, salt: salt) == first)
  }

  @Test func anotherSIMDeviceOrSaltDoesNot() throws {
    let first = DeviceBinding.compute(iccid: iccid, imsi: imsi, imei: imei, salt: salt)
    let otherSIM = try ICCID(digits: "8940401008765432114")
    let otherDevice = try IMEI(digits: "358760005432114")
    #expect(DeviceBinding.compute(iccid: otherSIM, imsi: imsi, imei: imei, salt: salt) != first)
    #expect(DeviceBinding.compute(iccid: iccid, imsi: imsi, imei: otherDevice, salt: salt) != first)
    #expect(DeviceBinding.compute(iccid: iccid, imsi: nil, imei: imei, salt: salt) != first)
    #expect(DeviceBinding.compute(iccid: iccid, imsi: imsi, imei: imei, salt: [1]) != first)
  }
}
