import ArgumentParser
import Glibc
import Testing

@testable import shunt_lab

@Suite struct IdleTests {
  @Test func whatThisProcessDoes() throws {
    let before = try #require(ProcessActivity(of: getpid()))
    #expect(before.wakeUps > 0 && before.processorTime > 0)
    for _ in 0..<10 { usleep(1000) }
    let activity = try #require(ProcessActivity(of: getpid())).since(before)
    #expect(activity.wakeUps >= 10 && activity.processorTime > 0)
    #expect(ProcessActivity(of: 0) == nil)
  }

  @Test func threadsComeAndGo() {
    let before = ProcessActivity(threads: [1: .init(wakeUps: 5, processorTime: 50), 2: .init(wakeUps: 7, processorTime: 70)])
    let after = ProcessActivity(threads: [1: .init(wakeUps: 9, processorTime: 60), 3: .init(wakeUps: 2, processorTime: 20)])
    #expect(after.since(before).wakeUps == 6 && after.since(before).processorTime == 30)
  }

  @Test func keepalivesThatAreDue() {
    // The intervals grow: 120, 180, 270 seconds.
    #expect(IdleFigure.keepalives(from: .zero, to: .seconds(120)) == 0)
    #expect(IdleFigure.keepalives(from: .seconds(3), to: .seconds(603)) == 3)
    #expect(IdleFigure.keepalives(from: .seconds(121), to: .seconds(301)) == 1)
    // And no further than to 15 minutes.
    #expect(IdleFigure.keepalives(from: .seconds(36_000), to: .seconds(39_600)) == 4)
  }

  @Test func lines() {
    let activity = ProcessActivity(threads: [1: .init(wakeUps: 25, processorTime: 4_560_000)])
    let figure = IdleFigure(minutes: 10, activity: activity, keepalives: 3, keepalivesDue: 3, feedsDue: 4)
    #expect(
      figure.lines == [
        "idle for 600 seconds: 25 wake-ups, 2.50 a minute; 4.6 ms of processor time",
        "keepalives: 3, 3 due; the watchdog was to be fed 4 times",
      ])
    #expect(
      figure.json
        == #"{"idle_seconds":600,"wake_ups":25,"processor_microseconds":4560,"keepalives":3,"keepalives_due":3,"watchdog_feeds_due":4}"#)
  }

  @Test func arguments() throws {
    let command = try BenchIdleCommand.parse([])
    #expect(command.minutes == 10 && !command.json && command.binaries == ".build/release")
    #expect(throws: (any Error).self) { try BenchIdleCommand.parse(["--minutes", "0"]) }
  }
}
