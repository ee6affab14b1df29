import Glibc
import ModemHost
import Testing

extension OnMainLoop {
  @Suite(.timeLimit(.minutes(1)))
  struct MonitorTests {
    let loop = EventLoop()
    let directory = TestDirectory()

    @Test func aNodeIsSeenToComeAndGo() throws {
      let monitor = try DeviceMonitor(path: directory.file("cdc-wdm0"))
      var changes: [Bool] = []
      monitor.onChange = { changes.append($0) }
      #expect(!monitor.exists)
      loop.turn(waitingAtMost: .milliseconds(20))
      #expect(changes == [])
      directory.write("", to: "cdc-wdm0")
      #expect(loop.turn(until: { changes == [true] }, limit: .seconds(5)))
      #expect(monitor.exists)
      // Neither use of the node nor other nodes count.
      directory.write("used", to: "cdc-wdm0")
      directory.write("", to: "other")
      for _ in 0..<5 { loop.turn(waitingAtMost: .milliseconds(10)) }
      #expect(changes == [true])
      unlink(directory.file("cdc-wdm0"))
      #expect(loop.turn(until: { changes == [true, false] }, limit: .seconds(5)))
      #expect(!monitor.exists)
    }

    @Test func aReplacedNodeIsReported() throws {
      directory.write("", to: "node")
      let monitor = try DeviceMonitor(path: directory.file("node"))
      #expect(monitor.exists)
      var changes: [Bool] = []
      monitor.onChange = { changes.append($0) }
      directory.write("", to: "next")
      rename(directory.file("next"), directory.file("node"))
      #expect(loop.turn(until: { changes == [true] }, limit: .seconds(5)))
    }

    @Test func aLinkToANodeIsFollowed() throws {
      let monitor = try DeviceMonitor(path: directory.file("link"))
      var changes: [Bool] = []
      monitor.onChange = { changes.append($0) }
      symlink("/dev/null", directory.file("link"))
      #expect(loop.turn(until: { changes == [true] }, limit: .seconds(5)))
      unlink(directory.file("link"))
      #expect(loop.turn(until: { changes == [true, false] }, limit: .seconds(5)))
    }

    @Test func directoriesOnTheWayMayComeAndGo() throws {
      let monitor = try DeviceMonitor(path: directory.file("a/b/node"))
      var changes: [Bool] = []
      monitor.onChange = { changes.append($0) }
      for _ in 0..<2 {
        changes = []
        mkdir(directory.file("a"), 0o700)
        loop.turn(waitingAtMost: .milliseconds(20))
        mkdir(directory.file("a/b"), 0o700)
        directory.write("", to: "a/b/node")
        #expect(loop.turn(until: { changes == [true] }, limit: .seconds(5)))
        unlink(directory.file("a/b/node"))
        rmdir(directory.file("a/b"))
        rmdir(directory.file("a"))
        #expect(loop.turn(until: { changes == [true, false] }, limit: .seconds(5)))
      }
    }

    @Test func aMonitorMayGoFromItsHandler() throws {
      var monitor: DeviceMonitor? = try DeviceMonitor(path: directory.file("node"))
      monitor?.onChange = { _ in monitor = nil }
      directory.write("", to: "node")
      #expect(loop.turn(until: { monitor == nil }, limit: .seconds(5)))
      unlink(directory.file("node"))
      loop.turn(waitingAtMost: .milliseconds(20))
    }

    @Test func theNetworkHasAState() {
      // What it is depends on the machine; that asking works and nothing is told without a change does not.
      let monitor = NetworkMonitor()
      var changes = 0
      monitor.onChange = { _, _ in changes += 1 }
      let before = (monitor.isAvailable, monitor.isMetered)
      loop.turn(waitingAtMost: .milliseconds(50))
      #expect(changes > 0 || (monitor.isAvailable, monitor.isMetered) == before)
    }
  }
}
