import Glibc
@testable import ModemHost
import Telephony
import Testing

extension OnMainLoop {
  @Suite(.timeLimit(.minutes(2)))
  struct ModemIdentityTests {
    let loop = EventLoop()

    /// What the SIM and modem of these tests say; nil: refused with *invalid QMI command* (71).
    struct World {
      var imei: String? = "490154203237518"
      var imsiFile: [UInt8]? = [0x08, 0x29, 0x43, 0x10, 0x21, 0x43, 0x65, 0x87, 0x09]
      var iccidFile: [UInt8]? = [0x98, 0x44, 0x10, 0x32, 0x54, 0x76, 0x98, 0x10, 0x32, 0xF4]
      var administrativeFile: [UInt8]? = [0x00, 0x00, 0x00, 0x02]
      var msisdnRecord: [UInt8]? = nil
      var msisdnFile: [UInt8]? = nil
      var dmsIMSI: String? = nil
      var dmsICCID: String? = nil
      var dmsMSISDN: String? = "+441632960123"
      var dmsState: UInt8? = nil
      var status: [UInt8]? = cardStatus(card: 1, application: 7)
      var home: (mcc: UInt16, mnc: UInt16, three: Bool)? = (234, 1, false)
      var serving: (state: UInt8, roaming: UInt8?, mcc: UInt16, mnc: UInt16, three: Bool)? = (1, 0, 310, 20, true)

      func answer(_ request: FakeModem.Request) -> FakeModem.Answer {
        switch (request.service, request.message) {
        case (0x02, 0x0025): text(0x11, imei)
        case (0x02, 0x0024): text(0x01, dmsMSISDN)
        case (0x02, 0x0043): text(0x01, dmsIMSI)
        case (0x02, 0x003C): text(0x01, dmsICCID)
        case (0x02, 0x0044): bytes(0x01, dmsState.map { [$0] })
        case (0x0B, 0x002F): bytes(0x10, status)
        case (0x0B, 0x0020): file(request, transparent: true)
        case (0x0B, 0x0021): file(request, transparent: false)
        case (0x03, 0x0025): homeNetwork.map { .success($0) } ?? .failure(71)
        case (0x03, 0x0024): servingSystem.map { .success($0) } ?? .failure(71)
        default: .failure(71)
        }
      }

      private func file(_ request: FakeModem.Request, transparent: Bool) -> FakeModem.Answer {
        let tlv = request.tlvs[0x02] ?? []
        let id = UInt16(tlv[0]) | UInt16(tlv[1]) << 8
        let path = Array(tlv[3...])
        let content: [UInt8]? =
          switch (id, path, transparent) {
          case (0x6F07, [0x00, 0x3F, 0xFF, 0x7F], true): imsiFile
          case (0x2FE2, [0x00, 0x3F], true): iccidFile
          case (0x6FAD, [0x00, 0x3F, 0xFF, 0x7F], true): administrativeFile
          case (0x6F40, [0x00, 0x3F, 0xFF, 0x7F], true): msisdnFile
          case (0x6F40, [0x00, 0x3F, 0xFF, 0x7F], false): msisdnRecord
          default: nil
          }
        guard let content else { return .failure(71) }
        return .success([Field(0x10, [0x90, 0x00]), Field(0x11, low(UInt16(content.count)) + content)])
      }

      private var servingSystem: [Field]? {
        guard let serving else { return nil }
        var fields = [Field(0x01, [serving.state, 1, 1, 2, 1, 8])]
        if let roaming = serving.roaming { fields.append(Field(0x10, [roaming])) }
        if serving.mcc != 0 {
          let code = low(serving.mcc) + low(serving.mnc)
          fields.append(Field(0x12, code + [0]))
          fields.append(Field(0x27, code + [serving.three ? 1 : 0]))
        }
        return fields
      }

      private var homeNetwork: [Field]? {
        guard let home else { return nil }
        return [Field(0x01, low(home.mcc) + low(home.mnc) + [0]), Field(0x12, [1, home.three ? 1 : 0])]
      }

      private func text(_ tag: UInt8, _ text: String?) -> FakeModem.Answer { bytes(tag, text.map { Array($0.utf8) }) }
      private func bytes(_ tag: UInt8, _ bytes: [UInt8]?) -> FakeModem.Answer {
        bytes.map { .success([Field(tag, $0)]) } ?? .failure(71)
      }
    }

    private func read(_ world: World) throws -> (ModemIdentity, FakeModem) {
      let fake = try FakeModem(answer: world.answer)
      return (try read(fake), fake)
    }

    private func read(_ fake: FakeModem, stepLimit: Duration = .seconds(5)) throws -> ModemIdentity {
      let modem = Modem()
      var isOpen = false
      modem.onOpened = { isOpen = true }
      modem.open(path: fake.path)
      try #require(loop.turn(until: { isOpen }, limit: .seconds(5)))
      let reader = ModemIdentityReader(modem: modem, stepLimit: stepLimit)
      var identity: ModemIdentity?
      reader.readIdentity { identity = $0 }
      #expect(identity == nil)
      loop.turn(until: { identity != nil }, limit: .seconds(30))
      // The last release has been sent, but not yet been read.
      loop.turn(until: { fake.allocated.isEmpty }, limit: .seconds(1))
      return try #require(identity)
    }

    @Test func everythingIsReadFromTheFirstSource() throws {
      let (identity, fake) = try read(World())
      #expect(identity.imei.value?.digits == "490154203237518")
      #expect(identity.imsi.value?.digits == "234011234567890")
      #expect(identity.iccid.value?.digits == "8944012345678901234")
      #expect(identity.msisdn.value?.text == "+441632960123")
      #expect(identity.homeNetwork.value == (try? HomeNetwork(mcc: "234", mnc: "01")))
      #expect(identity.simState == .known(.ready))
      #expect(identity.serving.registration == .known(.registered))
      #expect(identity.serving.isRoaming == true)
      #expect(identity.serving.network.value == (try? HomeNetwork(mcc: "310", mnc: "020")))
      #expect(fake.allocated.isEmpty)
      #expect(fake.mostAllocated == 1)
    }

    @Test func identityFallsBackToTheOlderMessages() throws {
      var world = World()
      world.imsiFile = nil
      world.iccidFile = [0xFF, 0xFF]
      world.status = nil
      world.dmsIMSI = "234010000000001"
      world.dmsICCID = "8944010000000000001"
      world.dmsState = 0
      let (identity, fake) = try read(world)
      #expect(identity.imsi.value?.digits == "234010000000001")
      #expect(identity.iccid.value?.digits == "8944010000000000001")
      #expect(identity.simState == .known(.ready))
      #expect(fake.allocated.isEmpty)
    }

    @Test(arguments: [
      ([UInt8](repeating: 0xFF, count: 6) + [0x07, 0x91, 0x44, 0x61, 0x23, 0x69, 0x10, 0x32] + .init(repeating: 0xFF, count: 6), "+441632960123"),
      ([0x06, 0x81, 0x10, 0x36, 0x92, 0x06, 0x21] + [UInt8](repeating: 0xFF, count: 7), "0163296012"),
    ])
    func theNumberFallsBackToTheSIM(record: [UInt8], text: String) throws {
      var world = World()
      world.dmsMSISDN = nil
      world.msisdnRecord = record
      #expect(try read(world).0.msisdn.value?.text == text)
      world.msisdnRecord = nil
      world.msisdnFile = record
      world.dmsMSISDN = ""
      #expect(try read(world).0.msisdn.value?.text == text)
    }

    @Test func homeNetworkFallsBackToTheIMSI() throws {
      var world = World()
      world.home = nil
      #expect(try read(world).0.homeNetwork.value == HomeNetwork(mcc: "234", mnc: "01"))
      world.administrativeFile = [0, 0, 0, 3]
      #expect(try read(world).0.homeNetwork.value == HomeNetwork(mcc: "234", mnc: "011"))
      world.administrativeFile = [0, 0, 0]
      #expect(
        try read(world).0.homeNetwork.reason?.hasSuffix("UIM EF_AD: does not tell how long the network code is") == true)
    }

    @Test func aThreeDigitNetworkCodeKeepsItsZeros() throws {
      var world = World()
      world.home = (310, 4, true)
      #expect(try read(world).0.homeNetwork.value == HomeNetwork(mcc: "310", mnc: "004"))
      world.home = (310, 410, false)
      #expect(try read(world).0.homeNetwork.value == HomeNetwork(mcc: "310", mnc: "410"))
    }

    @Test func whatIsNotToldHasEverySourcesReason() throws {
      var world = World()
      world.imei = nil
      world.imsiFile = [0x08, 0xAA]
      world.iccidFile = nil
      world.dmsMSISDN = nil
      world.status = nil
      world.home = nil
      world.serving = nil
      let (identity, fake) = try read(world)
      let refused = "QMI protocol error (71): 'InvalidQmiCommand'"
      #expect(identity.imei.reason == "DMS Get IDs: \(refused)")
      #expect(identity.imsi.reason == "UIM EF_IMSI: not an IMSI; DMS UIM Get IMSI: \(refused)")
      #expect(identity.iccid.reason == "UIM EF_ICCID: \(refused); DMS UIM Get ICCID: \(refused)")
      #expect(
        identity.msisdn.reason
          == "DMS Get MSISDN: \(refused); UIM EF_MSISDN: \(refused); UIM EF_MSISDN as a whole: \(refused)")
      #expect(identity.homeNetwork.reason == "NAS Get Home Network: \(refused)")
      #expect(identity.simState.reason == "UIM Get Card Status: \(refused); DMS UIM Get State: \(refused)")
      #expect(identity.serving.registration.reason == "NAS Get Serving System: \(refused)")
      #expect(identity.serving.network.reason == "NAS Get Serving System: \(refused)")
      #expect(identity.serving.isRoaming == nil)
      #expect(fake.allocated.isEmpty)
    }

    @Test(arguments: [
      (cardStatus(card: 0, application: nil), ModemIdentity.SIMState.absent), (cardStatus(card: 2, application: nil), .error),
      (cardStatus(card: 1, application: 2), .pinRequired), (cardStatus(card: 1, application: 3), .pukRequired),
      (cardStatus(card: 1, application: 5), .blocked), (cardStatus(card: 1, application: 1), .notReady),
      (cardStatus(card: 1, application: nil), .notReady), (cardStatus(card: 1, application: 7, primary: 0xFFFF), .ready),
      (cardStatus(card: 1, application: 7, primary: 0x0500), .absent),
    ])
    func cardStatesAreTold(status: [UInt8], state: ModemIdentity.SIMState) throws {
      var world = World()
      world.status = status
      #expect(try read(world).0.simState == .known(state))
    }

    @Test(arguments: [(UInt8(0), ModemIdentity.Registration.notRegistered), (2, .searching), (3, .denied)])
    func registrationWithoutANetworkIsTold(state: UInt8, registration: ModemIdentity.Registration) throws {
      var world = World()
      world.serving = (state, nil, 0, 0, false)
      let serving = try read(world).0.serving
      #expect(serving.registration == .known(registration))
      #expect(serving.isRoaming == nil)
      #expect(serving.network == .unknown(reason: "NAS Get Serving System: no network"))
    }

    @Test func servingAloneTakesOneClientAndOneRequest() throws {
      var world = World()
      world.serving = (1, 1, 234, 15, false)
      let fake = try FakeModem(answer: world.answer)
      let modem = Modem()
      var serving: ModemIdentity.ServingNetwork?
      let reader = ModemIdentityReader(modem: modem)
      modem.onOpened = { reader.readServing { serving = $0 } }
      modem.open(path: fake.path)
      #expect(loop.turn(until: { serving != nil && fake.requests.count == 3 }, limit: .seconds(5)))
      modem.onOpened = {}
      #expect(fake.requests.map(\.service) == [0, 3, 0])
      #expect(fake.allocated.isEmpty)
      #expect(serving?.isRoaming == false)
      #expect(serving?.network.value == (try? HomeNetwork(mcc: "234", mnc: "15")))
    }

    @Test func aModemWithoutClientIDsIsTold() throws {
      let fake = try FakeModem { $0.service == 0 ? .failure(5) : .success([]) }
      fake.answersControl = false
      let identity = try read(fake)
      #expect(identity.imei.reason == "DMS Get IDs: no client id: QMI protocol error (5): 'ClientIdsExhausted'")
      #expect(identity.serving.network.reason?.contains("no client id") == true)
    }

    @Test func aSilentModemIsGivenUpSoon() throws {
      let fake = try FakeModem { _ in .silence }
      fake.answersControl = false
      let before = EventLoop.now
      let identity = try read(fake, stepLimit: .seconds(1))
      #expect(EventLoop.now - before < .seconds(8))
      #expect(identity.simState.reason?.contains("no client id: CID allocation failed in the CTL client: Transaction timed out") == true)
      #expect(identity.serving.registration.reason == "NAS Get Serving System: the modem does not answer")
    }

    @Test func aModemThatIsUnpluggedMeanwhileIsTold() throws {
      var fake: FakeModem?
      fake = try FakeModem { request in
        if request.service == 2 { fake?.vanish() }
        return World().answer(request)
      }
      let identity = try read(try #require(fake))
      #expect(identity.imsi.value != nil)
      #expect(identity.imei.value == nil)
      #expect(identity.serving.registration.reason != nil)
      fake = nil
    }

    @Test func aClosedModemIsTold() throws {
      let reader = ModemIdentityReader(modem: Modem())
      var identity: ModemIdentity?
      reader.readIdentity { identity = $0 }
      #expect(loop.turn(until: { identity != nil }, limit: .seconds(5)))
      #expect(identity?.imei.reason == "DMS Get IDs: the device is not open")
      #expect(identity?.serving.network.reason == "NAS Get Serving System: the device is not open")
    }

    @Test func aReaderThatGoesAwayReleasesItsClientAndIsSilent() throws {
      let fake = try FakeModem(answer: World().answer)
      let modem = Modem()
      var reader: ModemIdentityReader? = ModemIdentityReader(modem: modem)
      modem.onOpened = { reader?.readIdentity { _ in Issue.record("called") } }
      modem.open(path: fake.path)
      #expect(loop.turn(until: { fake.mostAllocated == 1 }, limit: .seconds(5)))
      reader = nil
      #expect(loop.turn(until: { fake.allocated.isEmpty }, limit: .seconds(5)))
      loop.turn(waitingAtMost: .milliseconds(20))
      #expect(fake.mostAllocated == 1)
    }

    /// Whatever octets a SIM or modem tells, a field is known and well-formed or has a reason.
    @Test func anyOctetsAreReadOrRefused() throws {
      let seed = UInt64.random(in: 0 ... .max)
      var random = SplitMix(state: seed)
      func octets(_ limit: Int) -> [UInt8]? {
        let count = Int(random.next() % UInt64(limit + 1))
        return random.next() % 8 == 0 ? nil : (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      }
      func text() -> String? { octets(30).map { String(decoding: $0.filter { $0 < 0x80 && $0 != 0 }, as: UTF8.self) } }
      for _ in 0..<150 {
        var world = World()
        world.imsiFile = octets(12)
        world.iccidFile = octets(12)
        world.administrativeFile = octets(5)
        world.msisdnRecord = octets(40)
        world.msisdnFile = octets(20)
        world.status = octets(40)
        (world.imei, world.dmsIMSI, world.dmsICCID, world.dmsMSISDN) = (text(), text(), text(), text())
        world.home = (UInt16(truncatingIfNeeded: random.next()), UInt16(truncatingIfNeeded: random.next() % 1200), false)
        let (identity, fake) = try read(world)
        #expect(identity.imei.value != nil || identity.imei.reason?.isEmpty == false, "seed \(seed)")
        #expect(identity.iccid.value != nil || identity.iccid.reason?.isEmpty == false, "seed \(seed)")
        #expect(identity.imsi.value != nil || identity.imsi.reason?.isEmpty == false, "seed \(seed)")
        #expect(fake.allocated.isEmpty, "seed \(seed)")
      }
    }

    @Test func identitiesDoNotPrint() throws {
      let identity = try read(World()).0
      for text in ["\(identity)", String(reflecting: identity), "\(identity.msisdn)"] {
        #expect(!text.contains("490154"))
        #expect(!text.contains("23401"))
        #expect(!text.contains("44163"))
      }
      var dumped = ""
      dump(identity, to: &dumped)
      #expect(!dumped.contains("490154") && !dumped.contains("234011"))
    }
  }
}

/// A small generator with a seed that can be told (splitmix64).
private struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}

private func low(_ value: UInt16) -> [UInt8] { [UInt8(value & 0xFF), UInt8(value >> 8)] }

/// UIM card status with one card and at most one application, a USIM.
private func cardStatus(card: UInt8, application: UInt8?, primary: UInt16 = 0) -> [UInt8] {
  let applications: [UInt8] =
    application.map { [1, 2, $0, 0, 0, 0, 0, 1, 0xA0, 0, 1, 3, 10, 1, 3, 10] } ?? [0]
  return low(primary) + low(0xFFFF) + low(0xFFFF) + low(0xFFFF) + [1, card, 0, 0, 0, 0] + applications
}
