import Glibc
@testable import ModemHost
import Testing

extension OnMainLoop {
  @Suite(.timeLimit(.minutes(1)))
  struct ClientStreamTests {
    let loop = EventLoop()

    /// A stream and the raw descriptor at its other end.
    private func pair() throws -> (ClientStream, Int32) {
      var ends: [Int32] = [0, 0]
      try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
      _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
      return (ClientStream(takingOwnershipOf: ends[0]), ends[1])
    }

    private func put(_ descriptor: Int32, _ octets: [UInt8]) {
      write(descriptor, octets, octets.count)
    }

    /// Everything that is there to read.
    private func drain(_ descriptor: Int32) -> [UInt8] {
      var octets: [UInt8] = []
      while case let more = receive(descriptor, atMost: 60_000), !more.isEmpty { octets += more }
      return octets
    }

    private func receive(_ descriptor: Int32, atMost count: Int) -> [UInt8] {
      var octets = [UInt8](repeating: 0, count: count)
      let got = read(descriptor, &octets, count)
      return Array(octets.prefix(max(0, got)))
    }

    @Test func bytesGoBothWaysWithoutATurnForSending() throws {
      let (stream, peer) = try pair()
      defer { close(peer) }
      var received: [UInt8] = []
      stream.onBytes = { received += $0 }
      #expect(stream.send([1, 2, 3]) == 0)
      #expect(receive(peer, atMost: 10) == [1, 2, 3])
      put(peer, [4, 5])
      #expect(loop.turn(until: { received == [4, 5] }, limit: .seconds(5)))
      #expect(stream.peer?.userID == getuid())
      #expect(stream.peer?.groupID == getgid())
      #expect(stream.peer?.processID == getpid())
    }

    @Test func anEmptySendDoesNothing() throws {
      let (stream, peer) = try pair()
      defer { close(peer) }
      #expect(stream.send([]) == 0)
      #expect(receive(peer, atMost: 1) == [])
    }

    @Test func backlogGrowsWhileThePeerDoesNotReadAndGoesWhenItDoes() throws {
      let (stream, peer) = try pair()
      defer { close(peer) }
      var told: [Int] = []
      stream.onBacklog = { told.append($0) }
      let block = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      var sent = 0
      var backlog = 0
      while backlog < 1_000_000 {
        let now = stream.send(block)
        #expect(now >= backlog)
        backlog = now
        sent += block.count
      }
      #expect(stream.backlog == backlog)
      #expect(told.isEmpty)

      var received: [UInt8] = []
      #expect(
        loop.turn(
          until: {
            received += drain(peer)
            return received.count == sent
          }, limit: .seconds(20)))
      #expect(stream.backlog == 0)
      #expect(told.last == 0)
      #expect(told == told.sorted(by: >))
      for (index, octet) in received.enumerated() where octet != block[index % block.count] {
        Issue.record("octet \(index) is wrong")
        break
      }
      // Sends go directly again.
      #expect(stream.send([7]) == 0)
      #expect(receive(peer, atMost: 2) == [7])
    }

    @Test func sendsQueuedBehindABacklogKeepTheirOrder() throws {
      let (stream, peer) = try pair()
      defer { close(peer) }
      var sent: [UInt8] = []
      var step: UInt8 = 0
      while stream.backlog == 0 {
        let block = [UInt8](repeating: step, count: 9_999)
        sent += block
        stream.send(block)
        step &+= 1
      }
      var received: [UInt8] = []
      for round in 0..<200 {
        let more = [UInt8](repeating: UInt8(truncatingIfNeeded: round), count: 777)
        sent += more
        stream.send(more)
        received += receive(peer, atMost: 1_000)
        loop.turn(waitingAtMost: .zero)
      }
      loop.turn(
        until: {
          received += drain(peer)
          return received.count == sent.count
        }, limit: .seconds(20))
      #expect(received == sent)
    }

    @Test func aPeerThatGoesIsReportedOnceAfterItsLastBytes() throws {
      let (stream, peer) = try pair()
      var received = 0
      var closings: [SystemError?] = []
      stream.onBytes = { received += $0.count }
      stream.onClosed = { closings.append($0) }
      let block = [UInt8](repeating: 9, count: 100_000)
      let written = write(peer, block, block.count)
      close(peer)
      #expect(loop.turn(until: { !closings.isEmpty }, limit: .seconds(5)))
      #expect(received == written)
      #expect(closings == [nil])
      loop.turn(waitingAtMost: .milliseconds(5))
      #expect(closings.count == 1)
      #expect(stream.send([1]) == 0)
    }

    @Test func aHalfClosedPeerStillGetsItsAnswers() throws {
      let (stream, peer) = try pair()
      var received: [UInt8] = []
      var closings: [SystemError?] = []
      stream.onBytes = { received += $0 }
      stream.onClosed = { closings.append($0) }
      put(peer, [1, 2, 3])
      shutdown(peer, Int32(SHUT_WR))
      #expect(loop.turn(until: { received == [1, 2, 3] }, limit: .seconds(5)))
      // The end of its bytes must not keep the loop busy.
      loop.turn(waitingAtMost: .zero)
      #expect(!loop.turn(waitingAtMost: .milliseconds(5)))
      #expect(closings.isEmpty)
      stream.send([4, 5, 6])
      #expect(receive(peer, atMost: 10) == [4, 5, 6])
      close(peer)
      #expect(loop.turn(until: { closings == [nil] }, limit: .seconds(5)))
    }

    @Test func aPeerThatGoesWithUnreadAnswersIsNoFailure() throws {
      let (stream, peer) = try pair()
      var closings: [SystemError?] = []
      stream.onClosed = { closings.append($0) }
      stream.send([1, 2, 3])
      close(peer)
      stream.send([4])
      #expect(closings.isEmpty)
      #expect(loop.turn(until: { closings == [nil] }, limit: .seconds(5)))
    }

    @Test func whatAPeerSentBeforeItWentIsReadThoughItTakesNoAnswers() throws {
      let (stream, peer) = try pair()
      var received: [UInt8] = []
      var closings: [SystemError?] = []
      stream.onBytes = { received += $0 }
      stream.onClosed = { closings.append($0) }
      put(peer, [1, 2, 3])
      close(peer)
      stream.send([9])
      #expect(loop.turn(until: { !closings.isEmpty }, limit: .seconds(5)))
      #expect(received == [1, 2, 3])
      #expect(closings == [nil])
    }

    @Test func backPressureHoldsBytesInTheSocket() throws {
      let (stream, peer) = try pair()
      defer { close(peer) }
      var received: [UInt8] = []
      stream.onBytes = { received += $0 }
      stream.isReading = false
      put(peer, [1])
      loop.turn(waitingAtMost: .milliseconds(10))
      #expect(received.isEmpty)
      stream.isReading = true
      #expect(loop.turn(until: { received == [1] }, limit: .seconds(5)))
    }

    @Test func aPeerThatGoesWhileNotReadIsReported() throws {
      let (stream, peer) = try pair()
      var closed = false
      stream.onClosed = { _ in closed = true }
      stream.isReading = false
      put(peer, [1])
      close(peer)
      #expect(loop.turn(until: { closed }, limit: .seconds(5)))
    }

    @Test func aStreamMayBeClosedOrDroppedInItsOwnCalls() throws {
      var (stream, peer): (ClientStream?, Int32) = try pair()
      var calls = 0
      stream?.onBytes = { _ in
        calls += 1
        stream?.close()
        stream = nil
      }
      put(peer, [1])
      #expect(loop.turn(until: { calls == 1 }, limit: .seconds(5)))
      var octet: UInt8 = 0
      #expect(read(peer, &octet, 1) == 0)
      close(peer)

      (stream, peer) = try pair()
      stream?.onClosed = { _ in
        calls += 1
        stream = nil
      }
      close(peer)
      #expect(loop.turn(until: { calls == 2 }, limit: .seconds(5)))
    }

    @Test func aClosedStreamTakesNothingAndSaysNothing() throws {
      let (stream, peer) = try pair()
      defer { close(peer) }
      stream.onBytes = { _ in Issue.record("bytes after close") }
      stream.onClosed = { _ in Issue.record("closed after close") }
      stream.close()
      #expect(stream.isClosed)
      #expect(stream.send([1]) == 0)
      #expect(stream.backlog == 0)
      #expect(stream.peer == nil)
      stream.isReading = false
      stream.close()
      loop.turn(waitingAtMost: .milliseconds(5))
    }

    @Test func connectingToNobodyTellsWhy() {
      #expect(throws: SystemError(number: ECONNREFUSED)) {
        try ClientStream(connectingTo: "@shunt-test-nobody-\(getpid())")
      }
      #expect(throws: SystemError(number: ENOENT)) { try ClientStream(connectingTo: "/nonexistent/socket") }
      #expect(throws: SystemError(number: ENAMETOOLONG)) {
        try ClientStream(connectingTo: "@" + String(repeating: "x", count: 108))
      }
      #expect(throws: SystemError(number: EINVAL)) { try ClientStream(connectingTo: "@") }
      #expect(throws: SystemError(number: EINVAL)) { try ClientStream(connectingTo: "") }
    }
  }
}
