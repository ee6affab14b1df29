public import Telephony

/// What tells one modem and its SIM from all others, and what the SIM says about its operator.
///
/// Everything here is made up by the person who runs the laboratory.
public struct ModemIdentity: Hashable, Sendable {
  public var imei: IMEI
  public var imsi: IMSI
  public var iccid: ICCID
  /// The subscriber's number, under which the carrier knows the SIM.
  public var number: PhoneNumber
  /// Whether DMS Get MSISDN tells the number. Many modems do not.
  public var isNumberInDeviceManagement = true
  /// Whether EF_MSISDN on the SIM holds the number. Many SIMs do not.
  public var isNumberOnCard = true
  public var homeNetwork: HomeNetwork
  /// The name that the SIM and the network give the operator.
  public var operatorName: String
  /// The service centre's number that the SIM has in EF_SMSP.
  public var serviceCentre: PhoneNumber
  public var manufacturer = "Shunt"
  public var model = "Virtual Modem"
  public var revision = "SHUNT-LAB-1.0.0  1  [Nov 23 2026 00:00:00]"
  public var hardwareRevision = "10000"
  public var softwareVersion = "SHUNT.LAB.1.0-00001-VIRTUAL-1"

  public init(
    imei: IMEI, imsi: IMSI, iccid: ICCID, number: PhoneNumber, homeNetwork: HomeNetwork, operatorName: String,
    serviceCentre: PhoneNumber
  ) {
    self.imei = imei
    self.imsi = imsi
    self.iccid = iccid
    self.number = number
    self.homeNetwork = homeNetwork
    self.operatorName = operatorName
    self.serviceCentre = serviceCentre
  }

  /// An identity made up from a number: the last nine digits appear in IMSI, ICCID and IMEI, whose check digits are right.
  /// Two numbers that differ in their last eight digits differ in all three.
  public init(
    number: PhoneNumber, homeNetwork: HomeNetwork, operatorName: String = "Shunt Lab",
    serviceCentre: PhoneNumber? = nil
  ) throws(SubscriberIdentityError) {
    let tail = Self.padded(String(number.digits.suffix(9)), to: 9)
    let subscriber = Self.padded(tail, to: 15 - 3 - homeNetwork.mnc.utf8.count)
    // 35000000 is a type allocation code; the serial number has six digits.
    let imei = Self.withCheckDigit("35" + String(tail.prefix(3)) + "000" + String(tail.suffix(6)))
    // 89 says telecommunications, the next three digits stand for the issuer.
    let iccid = Self.withCheckDigit("89" + homeNetwork.mcc + Self.padded(homeNetwork.mnc, to: 3) + "0" + tail)
    self.init(
      imei: try IMEI(digits: imei),
      imsi: try IMSI(digits: homeNetwork.mcc + homeNetwork.mnc + subscriber),
      iccid: try ICCID(digits: iccid),
      number: number,
      homeNetwork: homeNetwork,
      operatorName: operatorName,
      serviceCentre: serviceCentre ?? number)
  }

  private static func padded(_ digits: String, to count: Int) -> String {
    String(repeating: "0", count: max(0, count - digits.utf8.count)) + digits
  }

  /// `digits` followed by their Luhn digit (ISO/IEC 7812-1).
  private static func withCheckDigit(_ digits: String) -> String {
    var sum = 0
    for (index, octet) in digits.utf8.reversed().enumerated() {
      let value = Int(octet) - 0x30
      let doubled = index.isMultiple(of: 2) ? value * 2 : value
      sum += doubled > 9 ? doubled - 9 : doubled
    }
    return digits + String((10 - sum % 10) % 10)
  }
}
