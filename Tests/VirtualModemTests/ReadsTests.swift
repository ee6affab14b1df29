import QMI
import Telephony
import Testing
import VirtualModem

/// Device, card and network as the host reads them. Layouts are checked against qmicli and ModemManager in the end-to-end tests.
struct ReadsTests {
  @Test func deviceIdentity() throws {
    let host = try TestHost()
    let dms = try host.allocate(.dms)
    let identity = host.modem.configuration.identity
    #expect(host.request(.dms, dms, 0x0025)?.value(of: 0x11).map(Array.init) == Array(identity.imei.digits.utf8))
    #expect(host.request(.dms, dms, 0x0043)?.value(of: 0x01).map(Array.init) == Array(identity.imsi.digits.utf8))
    #expect(host.request(.dms, dms, 0x003C)?.value(of: 0x01).map(Array.init) == Array(identity.iccid.digits.utf8))
    #expect(host.request(.dms, dms, 0x0024)?.value(of: 0x01).map(Array.init) == Array("+919876543210".utf8))
  }

  @Test func identityIsMadeUpFromTheNumber() throws {
    let home = try HomeNetwork(mcc: "310", mnc: "410")
    let first = try ModemIdentity(number: try PhoneNumber(e164: "+12025550101"), homeNetwork: home)
    let second = try ModemIdentity(number: try PhoneNumber(e164: "+12025550102"), homeNetwork: home)
    #expect(first.imei.hasValidCheckDigit && first.imei.digits.count == 15)
    #expect(first.imsi.digits.hasPrefix("310410") && first.imsi.digits.count == 15)
    #expect(first.imei != second.imei && first.imsi != second.imsi && first.iccid != second.iccid)
    // The shortest number there is.
    #expect(try ModemIdentity(number: try PhoneNumber(e164: "+1234567"), homeNetwork: home).imsi.digits.count == 15)
  }

  @Test func numberThatNobodyTells() throws {
    let host = try TestHost {
      $0.identity.isNumberInDeviceManagement = false
      $0.identity.isNumberOnCard = false
    }
    let dms = try host.allocate(.dms)
    #expect(host.request(.dms, dms, 0x0024)?.result == .failure(.notProvisioned))
    let uim = try host.allocate(.uim)
    #expect(try record(host, uim, 0x6F40, 1) == [UInt8](repeating: 0xFF, count: 28))
  }

  @Test func supportedMessagesAreThoseAnswered() throws {
    let host = try TestHost()
    let client = try host.allocate(.wms)
    let answer = try #require(host.request(.wms, client, 0x001E))
    var reader = try answer.requiredReader(of: 0x10)
    let bits = Array(try reader.readOctetsWithUInt16Count())
    #expect(bits[4] & 0x01 != 0)  // 0x0020
    #expect(bits[4] & 0x20 == 0)  // 0x0025
    #expect(host.request(.wms, client, 0x0025)?.result == .failure(.invalidQMICommand))
  }

  @Test func missingAndShortArguments() throws {
    let host = try TestHost()
    let nas = try host.allocate(.nas)
    #expect(host.request(.nas, nas, 0x0044)?.result == .failure(.missingArgument))
    #expect(host.request(.nas, nas, 0x0044) { $0.append(0x01, [1]) }?.result == .failure(.malformedMessage))
  }

  // MARK: - Card

  private func transparent(
    _ host: TestHost, _ client: ClientID, _ identifier: UInt16, _ path: [UInt8], offset: UInt16 = 0, count: UInt16 = 0
  ) -> QMUXFrame? {
    host.request(.uim, client, 0x0020) { builder in
      builder.append(0x01, [0, 0])
      builder.append(0x02) { writer in
        writer.append(identifier)
        writer.appendWithUInt8Count(path)
      }
      builder.append(0x03) { writer in
        writer.append(offset)
        writer.append(count)
      }
    }
  }

  private func record(_ host: TestHost, _ client: ClientID, _ identifier: UInt16, _ number: UInt16) throws -> [UInt8] {
    let answer = host.request(.uim, client, 0x0021) { builder in
      builder.append(0x01, [0, 0])
      builder.append(0x02) { writer in
        writer.append(identifier)
        writer.appendWithUInt8Count([0x00, 0x3F, 0xFF, 0x7F])
      }
      builder.append(0x03) { writer in
        writer.append(number)
        writer.append(UInt16(0))
      }
    }
    var reader = try #require(answer).requiredReader(of: 0x11)
    return Array(try reader.readOctetsWithUInt16Count())
  }

  @Test func elementaryFiles() throws {
    let host = try TestHost()
    let uim = try host.allocate(.uim)
    let identity = host.modem.configuration.identity
    func content(_ frame: QMUXFrame?) throws -> [UInt8] {
      var reader = try #require(frame).requiredReader(of: 0x11)
      return Array(try reader.readOctetsWithUInt16Count())
    }
    #expect(try ICCID(elementaryFile: content(transparent(host, uim, 0x2FE2, [0x00, 0x3F]))) == identity.iccid)
    let application: [UInt8] = [0x00, 0x3F, 0xFF, 0x7F]
    #expect(try IMSI(elementaryFile: content(transparent(host, uim, 0x6F07, application))) == identity.imsi)
    #expect(try content(transparent(host, uim, 0x6FAD, application)).last == 2)
    #expect(try content(transparent(host, uim, 0x6FAD, application, offset: 3, count: 9)) == [2])
    let number = try record(host, uim, 0x6F40, 1)
    #expect(number.count == 28)
    #expect(Array(number[14..<21]) == [7, 0x91, 0x19, 0x89, 0x67, 0x45, 0x23])
  }

  @Test func filesThatAreNotThere() throws {
    let host = try TestHost()
    let uim = try host.allocate(.uim)
    let missing = transparent(host, uim, 0x6F3E, [0x00, 0x3F, 0xFF, 0x7F])
    #expect(missing?.result == .failure(.simFileNotFound))
    #expect(missing?.value(of: 0x10).map(Array.init) == [0x6A, 0x82])
    #expect(transparent(host, uim, 0x2FE2, [0x34, 0x12])?.result == .failure(.simFileNotFound))
    // A file of records has no transparent content.
    #expect(transparent(host, uim, 0x6F40, [0x00, 0x3F, 0xFF, 0x7F])?.result == .failure(.extendedInternal))
    #expect(transparent(host, uim, 0x2FE2, [0x00, 0x3F], offset: 11)?.result == .failure(.extendedInternal))
  }

  // MARK: - Network

  @Test func homeAndRoaming() throws {
    var host = try TestHost()
    var nas = try host.allocate(.nas)
    #expect(host.request(.nas, nas, 0x0024)?.value(of: 0x10).map(Array.init) == [1])
    #expect(!host.modem.isRoaming)
    let foreign = try HomeNetwork(mcc: "234", mnc: "15")
    host = try TestHost { $0.servingNetwork = foreign }
    nas = try host.allocate(.nas)
    let serving = try #require(host.request(.nas, nas, 0x0024))
    #expect(serving.value(of: 0x10).map(Array.init) == [0])
    #expect(serving.value(of: 0x12).map { Array($0.prefix(4)) } == [234, 0, 15, 0])
    let home = try #require(host.request(.nas, nas, 0x0025))
    #expect(home.value(of: 0x01).map { Array($0.prefix(4)) } == [0x94, 0x01, 45, 0])
  }

  @Test func registrationIsToldToThoseWhoAsked() throws {
    let host = try TestHost()
    let asking = try host.allocate(.nas)
    _ = try host.allocate(.nas)
    #expect(host.request(.nas, asking, 0x0003) { builder in
      builder.append(0x13, [1])
      builder.append(0x18, [1])
    }?.result == .success)
    host.modem.setRegistration(.searching, now: .zero)
    host.modem.setRegistration(.searching, now: .zero)
    host.pump()
    #expect(host.indications.map(\.messageID) == [0x0024, 0x004E])
    #expect(host.indications.allSatisfy { $0.clientID == asking })
    #expect(host.indications[0].value(of: 0x01)?.first == 2)
    #expect(host.request(.nas, asking, 0x0020)?.result == .failure(.informationUnavailable))
  }

  @Test func lowPowerLeavesTheNetwork() throws {
    let host = try TestHost()
    host.modem.carrierConnected(now: .zero)
    let dms = try host.allocate(.dms)
    #expect(host.request(.dms, dms, 0x0001) { $0.append(0x14, [1]) }?.result == .success)
    #expect(host.request(.dms, dms, 0x002E) { $0.append(0x01, [1]) }?.result == .success)
    #expect(!host.modem.hasService)
    #expect(host.indications.map(\.messageID) == [0x0001])
    #expect(host.request(.dms, dms, 0x002E) { $0.append(0x01, [0]) }?.result == .success)
    #expect(host.modem.hasService)
    let number = host.modem.configuration.identity.number
    #expect(host.toCarrier == [.attach(number), .detach, .attach(number)])
    #expect(host.request(.dms, dms, 0x002E) { $0.append(0x01, [99]) }?.result == .failure(.invalidArgument))
  }

  @Test func resetUnplugs() throws {
    let host = try TestHost()
    let dms = try host.allocate(.dms)
    #expect(host.request(.dms, dms, 0x002E) { $0.append(0x01, [4]) }?.result == .success)
    #expect(host.isUnplugged && !host.modem.isPluggedIn)
    host.modem.plugIn(now: .zero)
    #expect(host.modem.hasService)
    #expect(host.request(.dms, dms, 0x002D)?.result == .failure(.invalidClientID))
  }

  @Test func selectionPreferenceIsKept() throws {
    let host = try TestHost()
    let nas = try host.allocate(.nas)
    #expect(host.request(.nas, nas, 0x0033) { builder in
      builder.append(0x11, [0x10, 0x00])
      builder.append(0x16, [1, 0x94, 0x01, 45, 0])
    }?.result == .success)
    let answer = try #require(host.request(.nas, nas, 0x0034))
    #expect(answer.value(of: 0x11).map(Array.init) == [0x10, 0x00])
    #expect(answer.value(of: 0x16).map(Array.init) == [1])
    #expect(answer.value(of: 0x1B).map(Array.init) == [0x94, 0x01, 45, 0, 0])
    // One bad field, and nothing changes.
    #expect(host.request(.nas, nas, 0x0033) { builder in
      builder.append(0x11, [0x04, 0x00])
      builder.append(0x15, [1])
    }?.result == .failure(.malformedMessage))
    #expect(host.request(.nas, nas, 0x0034)?.value(of: 0x11).map(Array.init) == [0x10, 0x00])
  }
}
