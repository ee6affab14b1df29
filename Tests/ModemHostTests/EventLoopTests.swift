import Glibc
import ModemHost
import Telephony
import Testing

extension OnMainLoop {
  @Suite(.timeLimit(.minutes(1)))
  struct EventLoopTests {
    let loop = EventLoop()

    @Test func clockGoesForward() {
      let before = EventLoop.now
      #expect(before > .zero)
      #expect(EventLoop.now >= before)
      #expect(EventLoop.wallTime.millisecondsSince1970 > 1_700_000_000_000)
    }

    @Test func aTurnWaitsNoLongerThanAsked() {
      let before = EventLoop.now
      loop.turn(waitingAtMost: .milliseconds(20))
      let taken = EventLoop.now - before
      #expect(taken < .seconds(2))
      #expect(!loop.turn(waitingAtMost: .zero))
    }

    @Test func runEndsByQuit() {
      var fired = 0
      let timer = LoopTimer { [loop] in
        fired += 1
        loop.quit()
      }
      timer.arm(at: EventLoop.now + .milliseconds(5))
      loop.run()
      #expect(fired == 1)
      loop.quit()
      loop.run()
      #expect(fired == 1)
    }

    @Test func timerFiresOnceNotBeforeItsTime() {
      var firedAt: [Duration] = []
      let timer = LoopTimer { firedAt.append(EventLoop.now) }
      let deadline = EventLoop.now + .milliseconds(30)
      timer.arm(at: deadline)
      #expect(loop.turn(until: { !firedAt.isEmpty }, limit: .seconds(5)))
      #expect(firedAt[0] >= deadline)
      loop.turn(until: { false }, limit: .milliseconds(40))
      #expect(firedAt.count == 1)
    }

    @Test func aLaterDeadlineReplacesAnEarlierOne() {
      var firedAt: Duration?
      let timer = LoopTimer { firedAt = EventLoop.now }
      timer.arm(at: EventLoop.now + .milliseconds(5))
      let deadline = EventLoop.now + .milliseconds(60)
      timer.arm(at: deadline)
      #expect(loop.turn(until: { firedAt != nil }, limit: .seconds(5)))
      #expect(firedAt.map { $0 >= deadline } == true)
    }

    @Test func anEarlierDeadlineReplacesALaterOne() {
      var fired = false
      let timer = LoopTimer { fired = true }
      timer.arm(at: EventLoop.now + .seconds(3600))
      timer.arm(at: EventLoop.now - .seconds(1))
      #expect(loop.turn(until: { fired }, limit: .seconds(5)))
    }

    @Test func disarmedTimerStaysQuietAndCanBeArmedAgain() {
      var fired = 0
      let timer = LoopTimer { fired += 1 }
      timer.arm(at: EventLoop.now + .milliseconds(5))
      timer.arm(at: nil)
      loop.turn(until: { false }, limit: .milliseconds(30))
      #expect(fired == 0)
      timer.arm(at: EventLoop.now + .milliseconds(5))
      #expect(loop.turn(until: { fired == 1 }, limit: .seconds(5)))
    }

    @Test func timerRearmsItselfAndTheFarFutureIsNoTrap() {
      var fired = 0
      var timer: LoopTimer?
      timer = LoopTimer {
        fired += 1
        timer?.arm(at: fired < 3 ? EventLoop.now : .seconds(Int64.max))
      }
      timer?.arm(at: .seconds(-Int64.max))
      #expect(loop.turn(until: { fired == 3 }, limit: .seconds(5)))
      loop.turn(waitingAtMost: .milliseconds(5))
      #expect(fired == 3)
      timer = nil
    }

    @Test func timerMayGoAwayInItsOwnCall() {
      var fired = false
      var timer: LoopTimer?
      timer = LoopTimer {
        fired = true
        timer = nil
      }
      timer?.arm(at: EventLoop.now)
      #expect(loop.turn(until: { fired }, limit: .seconds(5)))
    }

    @Test(arguments: [(SignalWatch.Signal.terminate, SIGTERM), (.interrupt, SIGINT), (.hangUp, SIGHUP)])
    func signalsArriveInTheLoop(signal: SignalWatch.Signal, number: Int32) {
      var count = 0
      let watch = SignalWatch(signal) { count += 1 }
      // To the process, since threads of a test runner may block signals.
      kill(getpid(), number)
      #expect(count == 0)
      #expect(loop.turn(until: { count == 1 }, limit: .seconds(5)))
      kill(getpid(), number)
      #expect(loop.turn(until: { count == 2 }, limit: .seconds(5)))
      withExtendedLifetime(watch) {}
    }

    @Test func aSignalCanBeWatchedAgainAfterTheWatchWent() {
      for _ in 0..<3 {
        var arrived = false
        let watch = SignalWatch(.hangUp) { arrived = true }
        kill(getpid(), SIGHUP)
        #expect(loop.turn(until: { arrived }, limit: .seconds(5)))
        withExtendedLifetime(watch) {}
      }
    }

    @Test func descriptorWatchSaysWhatIsReady() throws {
      var ends: [Int32] = [0, 0]
      try #require(pipe(&ends) == 0)
      _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
      defer { close(ends[0]) }
      var seen: [FileDescriptorWatch.Events] = []
      let watch = FileDescriptorWatch(descriptor: ends[0], events: .readable) { events in
        seen.append(events)
        var octet: UInt8 = 0
        read(ends[0], &octet, 1)
      }
      loop.turn(waitingAtMost: .milliseconds(5))
      #expect(seen.isEmpty)
      write(ends[1], "x", 1)
      #expect(loop.turn(until: { seen == [.readable] }, limit: .seconds(5)))

      watch.events = []
      write(ends[1], "x", 1)
      loop.turn(waitingAtMost: .milliseconds(5))
      #expect(seen.count == 1)
      watch.events = .readable
      #expect(loop.turn(until: { seen.count == 2 }, limit: .seconds(5)))

      close(ends[1])
      #expect(loop.turn(until: { seen.last?.contains(.hangUp) == true }, limit: .seconds(5)))
      watch.cancel()
      let count = seen.count
      loop.turn(waitingAtMost: .milliseconds(5))
      #expect(seen.count == count)
    }

    @Test func descriptorWatchMayEndItselfInItsCall() throws {
      var ends: [Int32] = [0, 0]
      try #require(pipe(&ends) == 0)
      defer { ends.forEach { close($0) } }
      var calls = 0
      var watch: FileDescriptorWatch?
      watch = FileDescriptorWatch(descriptor: ends[1], events: .writable) { _ in
        calls += 1
        watch?.cancel()
        watch = nil
      }
      #expect(loop.turn(until: { calls > 0 }, limit: .seconds(5)))
      loop.turn(waitingAtMost: .milliseconds(5))
      #expect(calls == 1)
    }
  }
}
