import Glibc
import ModemHost
import Testing

extension OnMainLoop {
  @Suite(.timeLimit(.minutes(2)))
  struct ModemTests {
    let loop = EventLoop()

    /// What a modem said, in order.
    final class Log {
      enum Event: Equatable {
        case opened
        case openFailed(String)
        case response(UInt64, [UInt8])
        case failure(UInt64, Modem.Failure.Kind)
        case indication([UInt8])
        case removed(String)
      }

      var events: [Event] = []
      let modem: Modem

      init(_ modem: Modem = Modem()) {
        self.modem = modem
        modem.onOpened = { [unowned self] in events.append(.opened) }
        modem.onOpenFailed = { [unowned self] in events.append(.openFailed($0)) }
        modem.onResponse = { [unowned self] in events.append(.response($0, $1)) }
        modem.onFailure = { [unowned self] in events.append(.failure($0, $1.kind)) }
        modem.onIndication = { [unowned self] in events.append(.indication($0)) }
        modem.onRemoved = { [unowned self] in events.append(.removed($0)) }
      }
    }

    private func opened(_ path: String) throws -> Log {
      let log = Log()
      log.modem.open(path: path)
      #expect(log.events.isEmpty)
      try #require(loop.turn(until: { log.events == [.opened] }, limit: .seconds(5)))
      log.events = []
      return log
    }

    @Test func openingSendsNothing() throws {
      let fake = try FakeModem()
      let log = try opened(fake.path)
      #expect(log.modem.isOpen)
      loop.turn(waitingAtMost: .milliseconds(20))
      #expect(fake.requests.isEmpty)
    }

    @Test func whatCannotBeOpenedIsSaidInOneLine() throws {
      let directory = TestDirectory()
      directory.write("", to: "file")
      for (path, text) in [
        ("/nonexistent/cdc-wdm0", "cannot open /nonexistent/cdc-wdm0: No such file or directory"),
        (directory.file("file"), "cannot open \(directory.file("file")): not a character device"),
      ] {
        let log = Log()
        log.modem.open(path: path)
        #expect(loop.turn(until: { !log.events.isEmpty }, limit: .seconds(5)))
        #expect(log.events == [.openFailed(text)])
        #expect(!log.modem.isOpen)
      }
    }

    @Test func aRequestIsSentAndItsAnswerComesBackUnchanged() throws {
      let fake = try FakeModem { _ in .success([.init(0x10, [1, 2, 3])]) }
      let log = try opened(fake.path)
      let request = frame(service: 2, client: 7, transaction: 0x1234, 0x0025, [.init(0x01, [9])])
      log.modem.send(request, requestID: 42, timeout: .seconds(5))
      #expect(log.modem.outstandingCount == 1)
      #expect(loop.turn(until: { !log.events.isEmpty }, limit: .seconds(5)))
      #expect(fake.requests.map(\.octets) == [request])
      #expect(log.events == [.response(42, response(to: fake.requests[0], [.init(0x02, [0, 0, 0, 0]), .init(0x10, [1, 2, 3])]))])
      #expect(log.modem.outstandingCount == 0)
    }

    @Test func answersFindTheirRequestsInAnyOrder() throws {
      var held: [FakeModem.Request] = []
      let fake = try FakeModem { request in
        held.append(request)
        return .silence
      }
      let log = try opened(fake.path)
      for index in 0..<20 as Range<UInt16> {
        log.modem.send(
          frame(service: 3, client: 1, transaction: index + 1, 0x0024), requestID: UInt64(index), timeout: .seconds(5))
      }
      #expect(loop.turn(until: { held.count == 20 }, limit: .seconds(5)))
      for request in held.reversed() { fake.terminal.send(response(to: request, [.init(0x02, [0, 0, 0, 0])])) }
      #expect(loop.turn(until: { log.events.count == 20 }, limit: .seconds(5)))
      #expect(
        log.events
          == held.reversed().map { .response(UInt64($0.transaction - 1), response(to: $0, [.init(0x02, [0, 0, 0, 0])])) })
    }

    @Test func controlRequestsGetATransactionOfTheirOwn() throws {
      let fake = try FakeModem { _ in .success([]) }
      fake.answersControl = false
      let log = try opened(fake.path)
      for id in 1...3 as ClosedRange<UInt64> {
        log.modem.send(frame(service: 0, client: 0, transaction: 0, 0x0021), requestID: id, timeout: .seconds(5))
      }
      #expect(loop.turn(until: { log.events.count == 3 }, limit: .seconds(5)))
      let transactions = fake.requests.map(\.transaction)
      #expect(!transactions.contains(0))
      #expect(Set(transactions).count == 3)
      #expect(
        log.events == zip(1...3, fake.requests).map { .response(UInt64($0), response(to: $1, [.init(0x02, [0, 0, 0, 0])])) })
    }

    @Test func theLongestFramesPassBothWays() throws {
      var value = [UInt8](repeating: 0, count: 65_000)
      for index in value.indices { value[index] = UInt8(truncatingIfNeeded: index &* 7) }
      let tlv = Field(0x01, value)
      let fake = try FakeModem { _ in .success([tlv]) }
      let log = try opened(fake.path)
      let request = frame(service: 5, client: 1, transaction: 1, 0x0020, [.init(0x01, Array(value.prefix(3_000)))])
      log.modem.send(request, requestID: 1, timeout: .seconds(20))
      #expect(loop.turn(until: { !log.events.isEmpty }, limit: .seconds(20)))
      #expect(fake.requests.first?.octets == request)
      #expect(log.events == [.response(1, response(to: fake.requests[0], [.init(0x02, [0, 0, 0, 0]), tlv]))])
    }

    @Test func indicationsArePassedOn() throws {
      let fake = try FakeModem()
      let log = try opened(fake.path)
      fake.indicate(service: 5, client: 3, message: 0x0001, tlvs: [.init(0x10, [0, 1, 0, 0, 0])])
      fake.indicate(service: 3, client: 0xFF, message: 0x0024)
      fake.indicate(service: 0, client: 0, message: 0x0027)
      #expect(loop.turn(until: { log.events.count == 3 }, limit: .seconds(5)))
      #expect(
        log.events == [
          .indication(frame(service: 5, client: 3, flags: 4, transaction: 0, 0x0001, [.init(0x10, [0, 1, 0, 0, 0])])),
          .indication(frame(service: 3, client: 0xFF, flags: 4, transaction: 0, 0x0024)),
          .indication(frame(service: 0, client: 0, flags: 2, transaction: 0, 0x0027)),
        ])
    }

    @Test func silenceIsATimeoutAndALateAnswerIsDropped() throws {
      let fake = try FakeModem { $0.message == 0x0001 ? .silence : .success([]) }
      let log = try opened(fake.path)
      let before = EventLoop.now
      log.modem.send(frame(service: 2, client: 1, transaction: 1, 0x0001), requestID: 1, timeout: .seconds(1))
      log.modem.send(frame(service: 2, client: 1, transaction: 2, 0x0002), requestID: 2, timeout: .seconds(1))
      #expect(loop.turn(until: { log.events.count == 2 }, limit: .seconds(5)))
      #expect(log.events.last == .failure(1, .timeout))
      #expect(EventLoop.now - before > .milliseconds(500))
      fake.terminal.send(response(to: fake.requests[0], [.init(0x02, [0, 0, 0, 0])]))
      loop.turn(until: { false }, limit: .milliseconds(50))
      #expect(log.events.count == 2)
      #expect(log.modem.outstandingCount == 0)
    }

    @Test func aSecondRequestWithTheSameTransactionReplacesTheFirst() throws {
      let fake = try FakeModem { _ in .silence }
      let log = try opened(fake.path)
      let request = frame(service: 2, client: 1, transaction: 1, 0x0001)
      log.modem.send(request, requestID: 1, timeout: .seconds(5))
      log.modem.send(request, requestID: 2, timeout: .seconds(5))
      #expect(loop.turn(until: { log.events == [.failure(1, .replaced)] && fake.requests.count == 2 }, limit: .seconds(5)))
      fake.terminal.send(response(to: fake.requests[0], []))
      #expect(loop.turn(until: { log.events.last == .response(2, response(to: fake.requests[0], [])) }, limit: .seconds(5)))
    }

    @Test func anAnswerOfAnotherTypeIsAFailure() throws {
      let fake = try FakeModem {
        var other = $0
        other.message = 0x0055
        return .octets(response(to: other, []))
      }
      let log = try opened(fake.path)
      log.modem.send(frame(service: 2, client: 1, transaction: 1, 0x0001), requestID: 1, timeout: .seconds(5))
      #expect(loop.turn(until: { log.events == [.failure(1, .mismatch)] }, limit: .seconds(5)))
    }

    static let badRequests: [[UInt8]] = {
      let good = frame(service: 2, client: 1, transaction: 1, 0x0001)
      var longTLV = frame(service: 2, client: 1, transaction: 1, 0x0001, [.init(1, [1, 2])])
      longTLV[14] = 9
      let short: [[UInt8]] = [[], [1], [1, 5, 0, 0, 2, 1], Array(good.dropLast())]
      let wrong: [[UInt8]] = [frame(service: 2, client: 0, transaction: 1, 0x0001), good + [0], [0] + good.dropFirst(), longTLV]
      return short + wrong
    }()

    @Test(arguments: badRequests)
    func whatIsNoRequestIsRefusedAndNotSent(octets: [UInt8]) throws {
      let fake = try FakeModem()
      let log = try opened(fake.path)
      log.modem.send(octets, requestID: 5, timeout: .seconds(5))
      #expect(log.events.isEmpty)
      #expect(loop.turn(until: { log.events == [.failure(5, .malformed)] }, limit: .seconds(5)))
      loop.turn(waitingAtMost: .milliseconds(10))
      #expect(fake.requests.isEmpty)
    }

    @Test func aClosedModemTakesNoRequests() throws {
      let log = Log()
      log.modem.send(frame(service: 2, client: 1, transaction: 1, 0x0001), requestID: 5, timeout: .seconds(5))
      #expect(loop.turn(until: { log.events == [.failure(5, .notOpen)] }, limit: .seconds(5)))
    }

    @Test func closingEndsEverythingSilently() throws {
      let fake = try FakeModem { _ in .silence }
      let log = try opened(fake.path)
      log.modem.send(frame(service: 2, client: 1, transaction: 1, 0x0001), requestID: 1, timeout: .seconds(1))
      loop.turn(until: { fake.requests.count == 1 }, limit: .seconds(5))
      log.modem.close()
      #expect(!log.modem.isOpen)
      #expect(log.modem.outstandingCount == 0)
      fake.indicate(service: 2, client: 1, message: 1)
      loop.turn(until: { false }, limit: .seconds(2.2))
      #expect(log.events.isEmpty)

      log.modem.open(path: fake.path)
      #expect(loop.turn(until: { log.events == [.opened] }, limit: .seconds(5)))
    }

    @Test func anOpeningThatIsReplacedSaysNothing() throws {
      let first = try FakeModem()
      let second = try FakeModem { _ in .success([]) }
      let log = Log()
      log.modem.open(path: first.path)
      loop.turn(waitingAtMost: .zero)
      log.modem.open(path: second.path)
      #expect(loop.turn(until: { log.events == [.opened] }, limit: .seconds(5)))
      log.modem.send(frame(service: 2, client: 1, transaction: 1, 0x0001), requestID: 1, timeout: .seconds(5))
      #expect(loop.turn(until: { log.events.count == 2 }, limit: .seconds(5)))
      #expect(second.requests.count == 1)
      #expect(first.requests.isEmpty)
    }

    @Test func removalIsReportedOnceAndTheNextModemCanBeOpened() throws {
      let directory = TestDirectory()
      let link = directory.file("cdc-wdm0")
      let first = try FakeModem(link: link) { _ in .silence }
      let log = try opened(link)
      log.modem.send(frame(service: 2, client: 1, transaction: 1, 0x0001), requestID: 1, timeout: .seconds(5))
      loop.turn(until: { first.requests.count == 1 }, limit: .seconds(5))
      first.vanish()
      #expect(loop.turn(until: { !log.events.isEmpty }, limit: .seconds(5)))
      #expect(log.events == [.removed("the device hung up")])
      #expect(!log.modem.isOpen)
      loop.turn(until: { false }, limit: .milliseconds(50))
      #expect(log.events.count == 1)

      log.modem.open(path: link)
      #expect(loop.turn(until: { log.events.count == 2 }, limit: .seconds(5)))
      #expect(log.events.last == .openFailed("cannot open \(link): No such file or directory"))
      let second = try FakeModem(link: link) { _ in .success([]) }
      log.modem.open(path: link)
      #expect(loop.turn(until: { log.events.last == .opened }, limit: .seconds(5)))
      log.modem.send(frame(service: 2, client: 1, transaction: 1, 0x0001), requestID: 2, timeout: .seconds(5))
      #expect(loop.turn(until: { log.events.count == 4 }, limit: .seconds(5)))
      #expect(second.requests.count == 1)
    }

    @Test func bytesThatAreNotQMIEndTheDevice() throws {
      let fake = try FakeModem()
      let log = try opened(fake.path)
      fake.terminal.send(Array("AT+CMGS\r\n".utf8))
      #expect(loop.turn(until: { !log.events.isEmpty }, limit: .seconds(5)))
      #expect(log.events == [.removed("the device sent bytes that are not QMI frames")])
    }

    @Test func aDamagedFrameBetweenGoodOnesIsSkipped() throws {
      let fake = try FakeModem()
      let log = try opened(fake.path)
      var damaged = frame(service: 3, client: 1, flags: 4, transaction: 0, 0x0024, [.init(1, [1, 2, 3])])
      damaged[14] = 0xEE
      let good = frame(service: 3, client: 1, flags: 4, transaction: 0, 0x0025)
      fake.terminal.send(damaged + good)
      #expect(loop.turn(until: { !log.events.isEmpty }, limit: .seconds(5)))
      #expect(log.events == [.indication(good)])
    }

    @Test func theModemMayBeClosedReopenedOrDroppedInItsCalls() throws {
      let fake = try FakeModem { _ in .success([]) }
      var modem: Modem? = Modem()
      var calls: [String] = []
      modem?.onOpened = {
        calls.append("opened")
        modem?.send(frame(service: 2, client: 1, transaction: 1, 0x0001), requestID: 1, timeout: .seconds(5))
      }
      modem?.onResponse = { _, _ in
        calls.append("response")
        fake.indicate(service: 2, client: 1, message: 0x0001)
        fake.indicate(service: 2, client: 1, message: 0x0002)
      }
      modem?.onIndication = { _ in
        calls.append("indication")
        modem?.close()
        modem?.onOpened = { fake.vanish() }
        modem?.open(path: fake.path)
      }
      modem?.onRemoved = { _ in
        calls.append("removed")
        modem = nil
      }
      modem?.open(path: fake.path)
      #expect(loop.turn(until: { modem == nil }, limit: .seconds(5)))
      loop.turn(waitingAtMost: .milliseconds(5))
      #expect(calls == ["opened", "response", "indication", "removed"])
    }

    @Test func aModemThatTakesNoBytesHoldsUpNobody() throws {
      let fake = try FakeModem { _ in .success([]) }
      let log = try opened(fake.path)
      fake.terminal.isReading = false
      let value = [UInt8](repeating: 0, count: 1_000)
      let before = EventLoop.now
      for index in 1...600 as ClosedRange<UInt16> {
        log.modem.send(
          frame(service: 2, client: 1, transaction: index, 0x0001, [.init(1, value)]), requestID: UInt64(index),
          timeout: .seconds(60))
      }
      loop.turn(until: { false }, limit: .milliseconds(20))
      #expect(EventLoop.now - before < .seconds(10))
      // What neither the terminal nor the queue took was refused; the rest is answered once the modem reads again.
      let refused = log.events.count
      #expect(refused > 100)
      #expect(log.events.allSatisfy { if case .failure(_, .congested) = $0 { true } else { false } })
      fake.terminal.isReading = true
      #expect(loop.turn(until: { log.events.count == 600 }, limit: .seconds(20)))
      #expect(fake.requests.map(\.transaction) == (1...UInt16(600 - refused)).map { $0 })
      #expect(log.modem.outstandingCount == 0)
    }

    @Test func aRequestThatCouldNotBeSentInTimeIsATimeout() throws {
      let fake = try FakeModem { _ in .success([]) }
      let log = try opened(fake.path)
      fake.terminal.isReading = false
      let value = [UInt8](repeating: 0, count: 1_000)
      for index in 1...150 as ClosedRange<UInt16> {
        log.modem.send(
          frame(service: 2, client: 1, transaction: index, 0x0001, [.init(1, value)]), requestID: UInt64(index),
          timeout: .seconds(1))
      }
      #expect(loop.turn(until: { log.events.count == 150 }, limit: .seconds(10)))
      #expect(log.events.allSatisfy { if case .failure(_, .timeout) = $0 { true } else { false } })
      fake.terminal.isReading = true
      loop.turn(until: { false }, limit: .milliseconds(100))
      // Those that timed out in the queue are not sent afterwards.
      #expect(fake.requests.count < 100)
      log.modem.send(frame(service: 2, client: 1, transaction: 999, 0x0001), requestID: 999, timeout: .seconds(5))
      #expect(loop.turn(until: { log.events.count == 151 }, limit: .seconds(5)))
    }

    @Test func theLoopAnswersWhileItRunsByItself() throws {
      let fake = try FakeModem { _ in .success([]) }
      let log = try opened(fake.path)
      var left = 200
      func next() {
        left -= 1
        log.modem.send(
          frame(service: 2, client: 1, transaction: UInt16(left + 1), 0x0001), requestID: 1, timeout: .seconds(5))
      }
      log.modem.onResponse = { _, _ in left == 0 ? loop.quit() : next() }
      log.modem.onFailure = { _, _ in loop.quit() }
      next()
      loop.run()
      log.modem.onResponse = { _, _ in }
      #expect(left == 0)
      #expect(fake.requests.count == 200)
    }
  }
}
