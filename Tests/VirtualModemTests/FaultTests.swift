import QMI
import Telephony
import Testing
import VirtualModem

struct FaultTests {
  @Test func silence() throws {
    let host = try TestHost()
    let dms = try host.allocate(.dms)
    host.modem.add(ModemFault(service: .dms, message: 0x0025, effect: .silence, count: 2))
    #expect(host.request(.dms, dms, 0x0021)?.result == .success)
    #expect(host.request(.dms, dms, 0x0025) == nil)
    #expect(host.request(.dms, dms, 0x0025) == nil)
    #expect(host.request(.dms, dms, 0x0025)?.result == .success)
    #expect(host.modem.requestCount(.dms, 0x0025) == 3)
    host.modem.add(ModemFault(service: .dms, effect: .silence))
    #expect(host.request(.dms, dms, 0x0021) == nil)
    host.modem.removeAllFaults()
    #expect(host.request(.dms, dms, 0x0021)?.result == .success)
  }

  @Test func failureHasNoEffect() throws {
    let host = try TestHost()
    let wms = try host.allocate(.wms)
    host.modem.add(ModemFault(service: .wms, message: WMS.ID.rawSend, effect: .failure(.deviceNotReady), count: 1))
    let request = WMS.RawSendRequest(message: try submitPDU("Hi", to: "+919811112222"))
    #expect(host.request(request, wms)?.result == .failure(.deviceNotReady))
    #expect(host.toCarrier.isEmpty)
    #expect(host.request(request, wms) == nil)
    #expect(host.toCarrier.count == 1)
  }

  @Test func delay() throws {
    let host = try TestHost()
    let dms = try host.allocate(.dms)
    host.modem.add(ModemFault(service: .dms, message: 0x0021, effect: .delay(.seconds(5)), count: 1))
    #expect(host.request(.dms, dms, 0x0021) == nil)
    // Others are not held up.
    #expect(host.request(.dms, dms, 0x0022)?.result == .success)
    #expect(host.modem.nextDeadline == .seconds(5))
    host.wait(.seconds(5))
    #expect(host.takeAnswer()?.messageID == 0x0021)
  }

  @Test func delayOfASend() throws {
    let host = try TestHost()
    let wms = try host.allocate(.wms)
    host.modem.add(ModemFault(service: .wms, effect: .delay(.seconds(3))))
    #expect(host.request(WMS.RawSendRequest(message: try submitPDU("Hi", to: "+919811112222")), wms) == nil)
    host.carrierSends(.submitResult(id: 1, outcome: .accepted))
    #expect(host.takeAnswer() == nil)
    host.wait(.seconds(3))
    #expect(host.takeAnswer()?.result == .success)
  }

  @Test func unplugging() throws {
    let host = try TestHost()
    host.modem.carrierConnected(now: .zero)
    let wms = try host.allocateListener()
    _ = host.request(WMS.RawSendRequest(message: try submitPDU("Hi", to: "+919811112222")), wms)
    host.carrierSends(.deliver(id: 1, tpdu: try deliverTPDU("Stays")))
    host.modem.unplug(now: .zero)
    host.pump()
    #expect(host.isUnplugged && host.toCarrier.last == .detach)
    // Nobody is there to hear of it.
    host.carrierSends(.submitResult(id: 1, outcome: .accepted))
    #expect(host.takeAnswer() == nil)
    #expect(host.request(.control, .control, CTL.ID.sync) == nil)
    host.modem.plugIn(now: .zero)
    host.pump()
    #expect(host.toCarrier.last == .attach(host.modem.configuration.identity.number))
    #expect(host.modem.allocatedClientIDs(of: .wms).isEmpty)
    #expect(host.modem.storedMessages(in: .nv).count == 1)
  }

  /// Whatever a host sends, the modem goes on, and answers each request at most once.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func hostileRequests(_ seed: UInt64) throws {
    var random = SeededRandom(seed)
    let host = try TestHost { $0.clientIDsPerService = 254 }
    let services: [QMIService] = [.control, .dms, .nas, .uim, .wms, .wds, .voice]
    for service in services.dropFirst() { for _ in 0..<4 { _ = try host.allocate(service) } }
    for _ in 0..<3000 {
      let service = services.randomElement(using: &random)!
      let message = MessageID(rawValue: UInt16.random(in: 0...0x70, using: &random))
      let client = ClientID(rawValue: service == .control ? 0 : UInt8.random(in: 0...5, using: &random))
      let answer = host.request(service, client, message) { builder in
        for tag in [0x01, 0x02, 0x03, 0x10, 0x11, 0x12, 0x13, 0x14, 0x16, 0x18, 0x1E] as [UInt8]
        where Bool.random(using: &random) {
          let count = Int.random(in: 0...24, using: &random)
          builder.append(TLV.Tag(rawValue: tag), (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) })
        }
      }
      if let answer {
        #expect(answer.kind == .response && answer.messageID == message && answer.result != nil, "seed \(seed)")
      }
      #expect(host.takeAnswer() == nil, "seed \(seed)")
      if host.isUnplugged {
        host.isUnplugged = false
        host.modem.plugIn(now: host.now)
        for service in services.dropFirst() { _ = try host.allocate(service) }
      }
    }
  }
}

/// SplitMix64.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
