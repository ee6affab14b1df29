public import Telephony

/// Who this device and its SIM are, as QMI tells. Stays on the device.
public struct DeviceIdentity: Sendable, Equatable {
  public var imei: IMEI?
  public var imsi: IMSI?
  public var iccid: ICCID?
  /// The number the SIM or modem believes is its own; often empty or out of date.
  public var msisdn: String?
  public var homeNetwork: HomeNetwork?
  public var simState: String?
  public var registrationState: String?
  public var isRoaming: Bool?
  /// Mobile country code of the network now serving.
  public var servingCountry: String?
  /// Why what is missing could not be read, for a person.
  public var unavailable: String?

  public init(
    imei: IMEI? = nil, imsi: IMSI? = nil, iccid: ICCID? = nil, msisdn: String? = nil, homeNetwork: HomeNetwork? = nil,
    simState: String? = nil, registrationState: String? = nil, isRoaming: Bool? = nil, servingCountry: String? = nil, unavailable: String? = nil
  ) {
    self.imei = imei
    self.imsi = imsi
    self.iccid = iccid
    self.msisdn = msisdn
    self.homeNetwork = homeNetwork
    self.simState = simState
    self.registrationState = registrationState
    self.isRoaming = isRoaming
    self.servingCountry = servingCountry
    self.unavailable = unavailable
  }
}
