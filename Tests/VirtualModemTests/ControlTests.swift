import QMI
import Telephony
import Testing
import VirtualModem

struct ControlTests {
  @Test func toldVersionsAreThoseModemManagerNeeds() throws {
    let host = try TestHost()
    let answer = try #require(host.request(.control, .control, CTL.ID.versionInfo))
    let services = try CTL.VersionInfoResponse(decoding: answer).services
    #expect(services.contains(.init(service: .wms, major: 1, minor: 10)))
    #expect(services.map(\.service) == [.control, .wds, .dms, .nas, .wms, .voice, .uim, .wda])
  }

  @Test func clientIDsRunOutAndComeBack() throws {
    let host = try TestHost { $0.clientIDsPerService = 3 }
    let ids = [try host.allocate(.nas), try host.allocate(.nas), try host.allocate(.nas)]
    #expect(Set(ids).count == 3)
    let refusal = host.request(.control, .control, CTL.ID.allocateClientID) { builder in
      builder.append(0x01, [QMIService.nas.rawValue])
    }
    #expect(refusal?.result == .failure(.clientIDsExhausted))
    // Another service has ids of its own.
    _ = try host.allocate(.dms)

    let release = host.request(.control, .control, CTL.ID.releaseClientID) { builder in
      builder.append(0x01, [QMIService.nas.rawValue, ids[1].rawValue])
    }
    #expect(release?.result == .success)
    #expect(host.modem.allocatedClientIDs(of: .nas) == [ids[0], ids[2]])
    // What was released is not given out at once.
    #expect(try host.allocate(.nas) != ids[1])
    #expect(host.request(.nas, ids[1], 0x0025)?.result == .failure(.invalidClientID))
  }

  @Test func clientIDsGoRound() throws {
    let host = try TestHost { $0.clientIDsPerService = 2 }
    var seen: Set<ClientID> = []
    for _ in 0..<600 {
      let id = try host.allocate(.wms)
      seen.insert(id)
      _ = host.request(.control, .control, CTL.ID.releaseClientID) { builder in
        builder.append(0x01, [QMIService.wms.rawValue, id.rawValue])
      }
    }
    #expect(seen.count == 254)
    #expect(!seen.contains(.broadcast) && !seen.contains(.control))
  }

  @Test func releasingWhatIsNotThereFails() throws {
    let host = try TestHost()
    let answer = host.request(.control, .control, CTL.ID.releaseClientID) { $0.append(0x01, [3, 9]) }
    #expect(answer?.result == .failure(.invalidClientID))
  }

  @Test func syncForgetsAllClients() throws {
    let host = try TestHost()
    let id = try host.allocate(.dms)
    #expect(host.request(.control, .control, CTL.ID.sync)?.result == .success)
    #expect(host.request(.dms, id, 0x0025)?.result == .failure(.invalidClientID))
  }

  @Test(arguments: [QMIService.loc, .pds, .pbm, QMIService(rawValue: 0xE3)])
  func servicesThatAreNotThere(_ service: QMIService) throws {
    let host = try TestHost()
    let answer = host.request(.control, .control, CTL.ID.allocateClientID) { $0.append(0x01, [service.rawValue]) }
    #expect(answer?.result == .failure(QMIError(rawValue: 31)))
  }

  @Test func proxyMessagesAreUnknownToAModem() throws {
    let host = try TestHost()
    for message in [CTL.ID.proxyOpen, CTL.ID.internalAllocateClientIDQRTR] {
      #expect(host.request(.control, .control, message)?.result == .failure(.invalidQMICommand))
    }
  }

  @Test func octetsInAnyPortions() throws {
    let host = try TestHost()
    let frames = (1...3).flatMap { transaction in
      CTL.SyncRequest().encoded(transaction: ControlTransactionID(rawValue: UInt8(transaction))).octets
    }
    for octet in frames { host.modem.hostSent([octet], now: .zero) }
    host.modem.hostSent(frames, now: .zero)
    host.pump()
    for transaction in [1, 2, 3, 1, 2, 3] as [UInt16] { #expect(host.takeAnswer()?.transaction == transaction) }
    #expect(host.takeAnswer() == nil)
  }

  @Test func garbageIsSkipped() throws {
    let host = try TestHost()
    host.modem.hostSent([0xFF, 0x01, 0x02], now: .zero)
    host.modem.hostSent([0x01, 0xFF], now: .zero)
    host.modem.hostReopened(now: .zero)
    #expect(host.request(.control, .control, CTL.ID.sync)?.result == .success)
  }

  @Test func dataCallHoldsItsClient() throws {
    let host = try TestHost()
    let id = try host.allocate(.wds)
    #expect(host.request(.wds, id, 0x0022)?.value(of: 0x01).map(Array.init) == [1])
    #expect(host.request(.wds, id, 0x0020)?.value(of: 0x01)?.count == 4)
    #expect(host.request(.wds, id, 0x0020)?.result == .failure(.noEffect))
    #expect(host.request(.wds, id, 0x0022)?.value(of: 0x01).map(Array.init) == [2])
    #expect(host.request(.wds, id, 0x0021)?.result == .success)
    #expect(host.request(.wds, id, 0x0021)?.result == .failure(.noEffect))
  }
}
