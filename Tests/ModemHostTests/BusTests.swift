import Glibc
import ModemHost
import Synchronization
import Testing

/// What a call on another thread came to.
private final class Outcome: Sendable {
  private let result = Mutex<Result<ControlReply, BusClientError>?>(nil)
  var value: Result<ControlReply, BusClientError>? {
    get { result.withLock { $0 } }
    set { result.withLock { $0 = newValue } }
  }
}

/// Calls from another thread, as a program of its own would: calls block, and the service needs this thread's loop.
private func callInBackground(
  _ bus: BusAddress, _ request: ControlRequest, timeout: Duration? = .seconds(20)
) -> Outcome {
  final class Job: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  let outcome = Outcome()
  let job = Job {
    outcome.value = Result { () throws(BusClientError) in
      try BusClient(bus: bus).call(request, timeout: timeout)
    }
  }
  var thread = pthread_t()
  pthread_create(
    &thread, nil,
    { job in
      Unmanaged<Job>.fromOpaque(job!).takeRetainedValue().body()
      return nil
    }, Unmanaged.passRetained(job).toOpaque())
  pthread_detach(thread)
  return outcome
}

extension OnMainLoop {
  @Suite(.timeLimit(.minutes(2)))
  struct BusTests {
    let loop = EventLoop()
    let bus: TestBus

    init() throws {
      bus = try TestBus()
    }

    /// A service that answers calls as told, once it is on the bus.
    private func service(on bus: TestBus? = nil, _ onCall: @escaping (BusCall) -> Void) -> BusService {
      let service = BusService(bus: (bus ?? self.bus).address)
      var isReady = false
      service.onReady = { isReady = true }
      service.onLost = { Issue.record("\($0) \($1)") }
      service.onCall = onCall
      service.start()
      #expect(!isReady)
      #expect(loop.turn(until: { isReady }, limit: .seconds(10)))
      return service
    }

    private func answer(_ outcome: Outcome) throws -> ControlReply {
      #expect(loop.poll(until: { outcome.value != nil }, limit: .seconds(30)))
      return try #require(outcome.value).get()
    }

    private func error(_ outcome: Outcome) -> BusClientError? {
      #expect(loop.poll(until: { outcome.value != nil }, limit: .seconds(30)))
      if case .failure(let error) = outcome.value { return error }
      return nil
    }

    static let row: BusRow = [
      "state": "ready ✓", "online": true, "off": false, "count": -5_000_000_000, "seconds": 2.5,
      "numbers": ["+91…10", "", "ünïcode 😀"], "none": .strings([]), "": "empty key",
    ]

    @Test(arguments: [
      ControlRequest.enable(number: "+919876543210"), .confirm(code: "ABCD2345"), .disable,
      .deregister(number: "+919876543210"), .status, .identity,
      .send(number: "+447700900123", text: "two lines\nand 😀"), .send(number: "", text: ""),
      .fingerprint(number: "+447700900123"), .trust(number: "+447700900123", fingerprint: "12ac eae1"),
    ])
    func aRowIsAnswered(request: ControlRequest) throws {
      var requests: [ControlRequest] = []
      let service = service {
        requests.append($0.request)
        $0.reply(.row(Self.row))
      }
      #expect(try answer(callInBackground(bus.address, request)) == .row(Self.row))
      #expect(requests == [request])
      service.stop()
    }

    @Test(arguments: [[], ["+91"], ["+919876543210", "+447700900123", ""]])
    func rowsAreAnswered(numbers: [String]) throws {
      let service = service { call in
        guard case .lookUp(let numbers) = call.request else { return }
        call.reply(.rows(numbers.map { ["number": .string($0), "online": true] }))
      }
      let expected = numbers.map { ["number": .string($0), "online": true] as BusRow }
      #expect(try answer(callInBackground(bus.address, .lookUp(numbers: numbers))) == .rows(expected))
      service.stop()
    }

    @Test func anEmptyRowIsOne() throws {
      let service = service { $0.reply(.row([:])) }
      #expect(try answer(callInBackground(bus.address, .disable)) == .row([:]))
      service.stop()
    }

    @Test func linesAreAnswered() throws {
      let service = service { call in
        guard case .log(let count) = call.request else { return }
        call.reply(.lines((0..<count).map { #"{"id":\#($0)}"# }))
      }
      #expect(try answer(callInBackground(bus.address, .log(count: 0))) == .lines([]))
      #expect(
        try answer(callInBackground(bus.address, .log(count: 2))) == .lines([#"{"id":0}"#, #"{"id":1}"#]))
      service.stop()
    }

    @Test func answersMayComeLaterAndInAnotherOrder() throws {
      var waiting: [BusCall] = []
      let service = service { waiting.append($0) }
      let first = callInBackground(bus.address, .send(number: "1", text: "a"))
      #expect(loop.poll(until: { waiting.count == 1 }))
      let second = callInBackground(bus.address, .status)
      #expect(loop.poll(until: { waiting.count == 2 }))
      waiting[1].reply(.row(["which": "second"]))
      #expect(try answer(second) == .row(["which": "second"]))
      #expect(first.value == nil)
      waiting[0].reply(.row(["which": "first"]))
      waiting[0].reply(.row(["which": "ignored"]))
      #expect(try answer(first) == .row(["which": "first"]))
      service.stop()
    }

    @Test func errorsHaveNames() {
      let service = service { $0.fail(ControlError(name: "NotEnabled", message: "not enabled: run 'shuntctl enable'")) }
      let error = error(callInBackground(bus.address, .confirm(code: "X")))
      #expect(error == .service(ControlError(name: "NotEnabled", message: "not enabled: run 'shuntctl enable'")))
      #expect(error?.description == "not enabled: run 'shuntctl enable'")
      service.stop()
    }

    @Test func aDroppedCallIsAnsweredWithAnError() {
      let service = service { _ in }
      #expect(
        error(callInBackground(bus.address, .status))
          == .service(ControlError(name: "Cancelled", message: "the daemon dropped the call")))
      service.stop()
    }

    @Test func noDaemonIsToldApart() {
      #expect(error(callInBackground(bus.address, .status)) == .serviceNotRunning)
    }

    @Test func aDaemonThatGoesAwayDuringACallIsToldApart() {
      var waiting: [BusCall] = []
      let service = service { waiting.append($0) }
      let outcome = callInBackground(bus.address, .status)
      #expect(loop.poll(until: { waiting.count == 1 }))
      service.stop()
      #expect(error(outcome) == .serviceNotRunning)
      // The answer comes too late for anyone.
      waiting[0].reply(.row([:]))
      loop.turn(waitingAtMost: .milliseconds(20))
    }

    @Test func aLateAnswerIsToldApart() {
      var waiting: [BusCall] = []
      let service = service { waiting.append($0) }
      #expect(error(callInBackground(bus.address, .status, timeout: .milliseconds(200))) == .timedOut)
      service.stop()
    }

    @Test func aBusThatIsNotThereIsToldApart() {
      let nowhere = BusAddress.address("unix:path=\(bus.directory.file("none"))")
      guard case .busUnreachable(let text) = error(callInBackground(nowhere, .status)) else {
        Issue.record("reached")
        return
      }
      #expect(text.contains("No such file"), "\(text)")

      var losses: [(BusService.Loss, String)] = []
      let service = BusService(bus: nowhere)
      service.onLost = { losses.append(($0, $1)) }
      service.start()
      #expect(losses.isEmpty)
      #expect(loop.turn(until: { losses.count == 1 }, limit: .seconds(10)))
      #expect(losses[0].0 == .connectionLost)
      #expect(losses[0].1.hasPrefix("the message bus can't be reached: "), "\(losses)")
      // And it may be tried again.
      service.start()
      #expect(loop.turn(until: { losses.count == 2 }, limit: .seconds(10)))
    }

    @Test func aPolicyThatDeniesTheNameOrTheCallIsReported() throws {
      let strict = try TestBus(policy: #"<deny own="org.shunt.Shunt1"/>"#)
      var losses: [(BusService.Loss, String)] = []
      let denied = BusService(bus: strict.address)
      denied.onLost = { losses.append(($0, $1)) }
      denied.start()
      #expect(loop.turn(until: { losses.count == 1 }, limit: .seconds(10)))
      #expect(losses.first?.0 == .nameDenied)
      #expect(losses.first?.1.hasPrefix("the message bus does not give the name org.shunt.Shunt1: ") == true)

      let silent = try TestBus(policy: #"<deny send_interface="org.shunt.Shunt1" send_type="method_call"/>"#)
      let service = service(on: silent) { $0.reply(.row([:])) }
      guard case .accessDenied = error(callInBackground(silent.address, .status)) else {
        Issue.record("not denied")
        return
      }
      service.stop()
    }

    @Test func aNameThatIsTakenIsReportedWithItsOwner() throws {
      let first = service { $0.reply(.row([:])) }
      var losses: [(BusService.Loss, String)] = []
      let second = BusService(bus: bus.address)
      second.onReady = { Issue.record("two owners") }
      second.onLost = { losses.append(($0, $1)) }
      second.start()
      #expect(loop.turn(until: { losses.count == 1 }, limit: .seconds(10)))
      #expect(losses.first?.0 == .nameTaken)
      #expect(losses.first?.1 == "the name org.shunt.Shunt1 is owned by process \(getpid()) already")
      first.stop()
      // Free now: the second may try again.
      var isReady = false
      second.onReady = { isReady = true }
      for _ in 0..<20 where !isReady {
        second.start()
        loop.turn(until: { isReady }, limit: .milliseconds(200))
      }
      #expect(isReady)
    }

    @Test func aBusThatGoesAwayIsReportedToBothEnds() throws {
      var losses: [BusService.Loss] = []
      let service = service { $0.reply(.row([:])) }
      service.onLost = { loss, _ in losses.append(loss) }
      let client = try BusClient(bus: bus.address)
      var clientLost = 0
      var presence: [Bool] = []
      client.onBusLost = { clientLost += 1 }
      client.onPresence = { presence.append($0) }
      client.subscribe()
      #expect(loop.turn(until: { presence == [true] }, limit: .seconds(10)))
      bus.stop()
      #expect(loop.turn(until: { losses.count == 1 && clientLost == 1 }, limit: .seconds(10)))
      #expect(losses == [.connectionLost] && presence == [true])
      service.emitDecision("{}")
      guard case .busUnreachable = #expect(throws: BusClientError.self, performing: { try client.call(.status) }) else {
        Issue.record("still there")
        return
      }
    }

    @Test func signalsArrive() throws {
      let client = try BusClient(bus: bus.address)
      var decisions: [String] = []
      var statuses: [BusRow] = []
      var presence: [Bool] = []
      client.onDecision = { decisions.append($0) }
      client.onStatusChanged = { statuses.append($0) }
      var contacts: [BusRow] = []
      client.onKeyChanged = { contacts.append($0) }
      client.onPresence = { presence.append($0) }
      client.subscribe()
      client.subscribe()
      #expect(loop.turn(until: { presence == [false] }, limit: .seconds(10)))
      let service = service { $0.reply(.row([:])) }
      #expect(loop.turn(until: { presence == [false, true] }, limit: .seconds(10)))
      service.emitDecision(#"{"reason":"recipient-online"}"#)
      service.emitStatusChanged(Self.row)
      service.emitKeyChanged(["number": "…23"])
      service.emitDecision(#"{"reason":"emergency"}"#)
      #expect(loop.turn(until: { decisions.count == 2 }, limit: .seconds(10)))
      #expect(decisions == [#"{"reason":"recipient-online"}"#, #"{"reason":"emergency"}"#])
      #expect(statuses == [Self.row] && contacts == [["number": "…23"]])
      service.stop()
      service.emitDecision("dropped")
      #expect(loop.turn(until: { presence == [false, true, false] }, limit: .seconds(10)))
      #expect(decisions.count == 2)
    }

    @Test func otherProgramsSeeTheInterface() throws {
      var requests: [ControlRequest] = []
      let service = service {
        requests.append($0.request)
        switch $0.request {
        case .log: $0.reply(.lines(["{}"]))
        case .lookUp: $0.reply(.rows([["online": true, "count": 7]]))
        default: $0.reply(.row(["sent": true]))
        }
      }
      let prefix = ["gdbus", "call", "--address", bus.text, "--dest", "org.shunt.Shunt1", "--object-path",
        "/org/shunt/Shunt1", "--method"]
      func gdbus(_ words: String...) throws -> String {
        let child = try Child(prefix + words)
        #expect(loop.poll(until: { !child.drain() }, limit: .seconds(20)))
        return child.text
      }
      #expect(try gdbus("org.shunt.Shunt1.Send", "+44 7700 900123", "hi") == "({'sent': <true>},)\n")
      #expect(try gdbus("org.shunt.Shunt1.Log", "3") == "(['{}'],)\n")
      let found = try gdbus("org.shunt.Shunt1.LookUp", "['+44']")
      #expect(found.contains("'online': <true>") && found.contains("'count': <int64 7>"))
      #expect(requests == [
        .send(number: "+44 7700 900123", text: "hi"), .log(count: 3), .lookUp(numbers: ["+44"]),
      ])
      let introspected = try gdbus("org.freedesktop.DBus.Introspectable.Introspect")
      for member in ["Enable", "EnableInstead", "Confirm", "Disable", "Deregister", "Status", "Identity", "LookUp", "Send", "Log",
        "Fingerprint", "Trust", "Decision", "StatusChanged", "KeyChanged"]
      {
        #expect(introspected.contains("\"\(member)\""))
      }
      // Calls that do not fit the interface do not reach us.
      #expect(try gdbus("org.shunt.Shunt1.Nonsense").contains("Error"))
      #expect(try gdbus("org.shunt.Shunt1.Log", "'three'").contains("rror"))
      #expect(requests.count == 3)
      service.stop()
    }

    @Test func aServiceMayBeStoppedFromItsHandlers() throws {
      var service: BusService? = service { _ in }
      service?.onCall = { call in
        call.reply(.row(["last": true]))
        service = nil
      }
      #expect(try answer(callInBackground(bus.address, .status)) == .row(["last": true]))
      #expect(service == nil)

      let starting = BusService(bus: bus.address)
      starting.start()
      starting.stop()
      starting.onReady = { [unowned starting] in starting.stop() }
      starting.start()
      #expect(error(callInBackground(bus.address, .status)) == .serviceNotRunning)
    }

    @Test func requestsDoNotShowWhatIsPersonal() {
      let request = ControlRequest.send(number: "+919876543210", text: "secret")
      #expect("\(request)" == "Send" && String(reflecting: request) == "Send")
      #expect(Mirror(reflecting: request).children.isEmpty)
    }

    @Test func addressesAreParsed() {
      #expect(BusAddress("system") == .system)
      #expect(BusAddress("session") == .session)
      #expect(BusAddress("unix:path=/run/bus") == .address("unix:path=/run/bus"))
      #expect(BusAddress("sytem") == nil && BusAddress("") == nil)
    }
  }
}
