internal import ArgumentParser
internal import ModemHost
internal import Telephony
internal import VirtualModem

struct ModemCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "modem",
    abstract: "A QMI modem with a SIM on a pseudo-terminal.",
    discussion: """
      Runs until SIGTERM or SIGINT, and says “ready DEVICE” on standard output when the device is there. SIGHUP takes the modem from its \
      port and puts it back a second later. What is not given of the identity is made up from the number.
      """)

  @Option(name: .long, help: "Where to make a symbolic link to the terminal, such as /dev/cdc-wdm0.")
  var link: String?

  @Option(name: .long, help: "The carrier's socket. Without one there is no network.")
  var carrier: String?

  @Option(name: .long, help: "The subscriber's number, +441632960001 or the like.")
  var msisdn: PhoneNumber

  @Option(name: .long, help: "15 digits.")
  var imei: String?

  @Option(name: .long, help: "15 digits or fewer, home network first.")
  var imsi: String?

  @Option(name: .long, help: "19 or 20 digits.")
  var iccid: String?

  @Option(name: .long, help: "Mobile country code of the home network.")
  var mcc = "234"

  @Option(name: .long, help: "Mobile network code of the home network, 2 or 3 digits.")
  var mnc = "15"

  @Option(name: .long, help: "The name of the operator.")
  var `operator` = "Shunt Lab"

  @Option(name: .long, help: "The service centre's number on the SIM.")
  var smsc: PhoneNumber?

  @Option(name: .long, help: "Country code of the network it is registered in, when roaming.")
  var servingMCC: String?

  @Option(name: .long, help: "Network code of the network it is registered in, when roaming.")
  var servingMNC: String?

  @Option(name: .long, help: "The name of that network.")
  var servingOperator: String?

  @Flag(name: .long, help: "The modem does not tell its number (DMS); the SIM still does.")
  var hideNumberInModem = false

  @Flag(name: .long, help: "The SIM does not hold its number; the modem still tells it.")
  var hideNumberOnSIM = false

  @Option(name: .long, help: "How many messages fit on the SIM.")
  var simCapacity = 20

  @Option(name: .long, help: "How many messages fit in the modem.")
  var modemCapacity = 100

  @Option(name: .customLong("client-ids"), help: "How many client ids each service has.")
  var clientIDs = 10

  @Option(
    name: .long,
    help: ArgumentHelp(
      "What the modem does wrong; may be repeated.",
      discussion: "EFFECT is silence, error:NUMBER or delay:SECONDS. wms/0x20=error:52*3: the first three Raw Sends fail.",
      valueName: "service[/message]=effect[*count]"))
  var fault: [FaultArgument] = []

  func validate() throws {
    _ = try modemConfiguration()
  }

  func run() throws {
    let loop = EventLoop()
    let modem = try LabModem(try modemConfiguration(), link: link)
    modem.add(fault.map(\.fault))
    let uplink = carrier.map { CarrierUplink(modem, socket: $0) }
    uplink?.start()
    let signals = StopSignals(loop)
    let replug = LoopTimer {
      do {
        try modem.plugIn()
      } catch {
        Output.notice("\(error)")
      }
    }
    let hangUp = SignalWatch(.hangUp) {
      modem.unplug()
      replug.arm(at: EventLoop.now + .seconds(1))
    }
    Output.line("ready \(link ?? modem.devicePath ?? "")")
    loop.run()
    withExtendedLifetime((signals, hangUp, uplink)) { modem.close() }
  }

  private func modemConfiguration() throws -> VirtualModem.Configuration {
    func check<Value>(_ option: String, _ wanted: String, _ make: () throws -> Value) throws -> Value {
      do {
        return try make()
      } catch {
        throw ValidationError("\(option) wants \(wanted)")
      }
    }
    let codes = "a country code of 3 digits and a network code of 2 or 3"
    let home = try check("--mcc, --mnc:", codes) { try HomeNetwork(mcc: mcc, mnc: mnc) }
    var identity = try check("--msisdn", "a number such as +441632960001") {
      try ModemIdentity(number: msisdn, homeNetwork: home, operatorName: `operator`, serviceCentre: smsc)
    }
    if let imei { identity.imei = try check("--imei", "15 digits") { try IMEI(digits: imei) } }
    if let imsi { identity.imsi = try check("--imsi", "6 to 15 digits") { try IMSI(digits: imsi) } }
    if let iccid { identity.iccid = try check("--iccid", "19 or 20 digits") { try ICCID(digits: iccid) } }
    identity.isNumberInDeviceManagement = !hideNumberInModem
    identity.isNumberOnCard = !hideNumberOnSIM
    var configuration = VirtualModem.Configuration(identity: identity)
    if servingMCC != nil || servingMNC != nil {
      configuration.servingNetwork = try check("--serving-mcc, --serving-mnc:", codes) {
        try HomeNetwork(mcc: servingMCC ?? mcc, mnc: servingMNC ?? mnc)
      }
    }
    configuration.servingOperatorName = servingOperator ?? `operator`
    guard (1...255).contains(simCapacity), (1...10_000).contains(modemCapacity) else {
      throw ValidationError("--sim-capacity wants 1 to 255, --modem-capacity 1 to 10000")
    }
    configuration.simCapacity = simCapacity
    configuration.deviceCapacity = modemCapacity
    guard (1...254).contains(clientIDs) else { throw ValidationError("--client-ids wants 1 to 254") }
    configuration.clientIDsPerService = clientIDs
    return configuration
  }
}
