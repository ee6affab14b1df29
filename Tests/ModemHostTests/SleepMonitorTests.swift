import Glibc
import ModemHost
import Testing

extension OnMainLoop {
  /// Against python-dbusmock's logind, which hands out real inhibitor descriptors.
  @Suite(.timeLimit(.minutes(1)))
  struct SleepMonitorTests {
    let loop = EventLoop()
    let bus: TestBus

    init() throws {
      bus = try TestBus()
    }

    private func startLogind() throws -> Child {
      let logind = try Child(
        ["env", "DBUS_SYSTEM_BUS_ADDRESS=\(bus.text)", "/usr/bin/python3", "-m", "dbusmock", "--system", "--template", "logind"])
      #expect(loop.poll(until: { call("org.freedesktop.login1.Manager.ListInhibitors") != nil }, limit: .seconds(20)), "\(logind.text)")
      return logind
    }

    /// What a method of the mock answers; nil when it does not.
    @discardableResult
    private func call(_ method: String, _ arguments: [String] = []) -> String? {
      let words =
        ["gdbus", "call", "--address", bus.text, "--dest", "org.freedesktop.login1", "--object-path", "/org/freedesktop/login1"]
        + ["--method", method] + arguments
      guard let child = try? Child(words) else { return nil }
      return child.waitForEnd() == 0 ? child.text : nil
    }

    private func inhibitors() -> String { call("org.freedesktop.login1.Manager.ListInhibitors") ?? "" }

    private func emit(_ begins: Bool) {
      call(
        "org.freedesktop.DBus.Mock.EmitSignal",
        ["org.freedesktop.login1.Manager", "PrepareForSleep", "b", "[<\(begins)>]"])
    }

    @Test func theSystemWaitsUntilItIsLetSleep() throws {
      let logind = try startLogind()
      defer { logind.end() }
      let monitor = SleepMonitor(bus: bus.address)
      var events: [String] = []
      monitor.onPreparing = { events.append("preparing") }
      monitor.onResumed = { events.append("resumed") }
      monitor.onLost = { events.append("lost: \($0)") }
      #expect(loop.poll(until: { monitor.isHolding }, limit: .seconds(10)))
      #expect(inhibitors().contains("'sleep', 'shuntd'") && inhibitors().contains("'delay'"))
      emit(true)
      #expect(loop.poll(until: { events == ["preparing"] }, limit: .seconds(10)))
      #expect(monitor.isHolding)
      monitor.letSleep()
      #expect(!monitor.isHolding)
      #expect(loop.poll(until: { !inhibitors().contains("shuntd") }, limit: .seconds(10)))
      emit(false)
      #expect(loop.poll(until: { events == ["preparing", "resumed"] && monitor.isHolding }, limit: .seconds(10)))
      #expect(loop.poll(until: { inhibitors().contains("shuntd") }, limit: .seconds(10)))
      // A second signal of the same kind tells nothing new.
      emit(false)
      for _ in 0..<10 { loop.turn(waitingAtMost: .milliseconds(10)) }
      #expect(events == ["preparing", "resumed"])
    }

    @Test func aLogindThatComesLaterIsFound() throws {
      let monitor = SleepMonitor(bus: bus.address)
      for _ in 0..<10 { loop.turn(waitingAtMost: .milliseconds(10)) }
      #expect(!monitor.isHolding)
      var logind = try startLogind()
      #expect(loop.poll(until: { monitor.isHolding }, limit: .seconds(10)))
      // One that dies while the system is about to sleep leaves nobody waiting for the end of the sleep.
      var isResumed = false
      var isPreparing = false
      monitor.onPreparing = { isPreparing = true }
      monitor.onResumed = { isResumed = true }
      emit(true)
      #expect(loop.poll(until: { isPreparing }, limit: .seconds(10)))
      logind.end()
      #expect(loop.poll(until: { isResumed }, limit: .seconds(10)))
      #expect(!monitor.isHolding)
      logind = try startLogind()
      #expect(loop.poll(until: { monitor.isHolding }, limit: .seconds(10)))
      logind.end()
    }

    @Test func aBusThatIsNotThereOrGoesIsTold() throws {
      var texts: [String] = []
      let nowhere = SleepMonitor(bus: .address("unix:path=/nowhere/bus"))
      nowhere.onLost = { texts.append($0) }
      #expect(loop.poll(until: { texts.count == 1 }, limit: .seconds(10)))
      nowhere.letSleep()
      let monitor = SleepMonitor(bus: bus.address)
      monitor.onLost = { texts.append($0) }
      for _ in 0..<10 { loop.turn(waitingAtMost: .milliseconds(10)) }
      bus.stop()
      #expect(loop.poll(until: { texts.count == 2 }, limit: .seconds(10)))
      #expect(texts.last == "the message bus is gone")
    }

    @Test func aMonitorMayGoFromItsHandler() throws {
      let logind = try startLogind()
      defer { logind.end() }
      var monitor: SleepMonitor? = SleepMonitor(bus: bus.address)
      #expect(loop.poll(until: { monitor?.isHolding == true }, limit: .seconds(10)))
      monitor?.onPreparing = { monitor = nil }
      emit(true)
      #expect(loop.poll(until: { monitor == nil }, limit: .seconds(10)))
      #expect(loop.poll(until: { !inhibitors().contains("shuntd") }, limit: .seconds(10)))
    }
  }
}
