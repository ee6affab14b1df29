import Glibc
import ModemHost
import Testing

extension OnMainLoop {
  @Suite(.timeLimit(.minutes(1)))
  struct PseudoTerminalTests {
    let loop = EventLoop()

    @Test func everyOctetPassesUnchangedBothWays() throws {
      let terminal = try PseudoTerminal()
      var received: [UInt8] = []
      terminal.onBytes = { received += $0 }
      let slave = open(terminal.slavePath, O_RDWR | O_NOCTTY | O_NONBLOCK)
      try #require(slave >= 0)
      defer { close(slave) }
      let all = (0...255).map { UInt8($0) }
      write(slave, all, all.count)
      #expect(loop.turn(until: { received.count >= all.count }, limit: .seconds(5)))
      #expect(received == all)

      terminal.send(all)
      var back: [UInt8] = []
      #expect(
        loop.turn(
          until: {
            var chunk = [UInt8](repeating: 0, count: 512)
            let count = read(slave, &chunk, chunk.count)
            back += chunk.prefix(max(0, count))
            loop.turn(waitingAtMost: .milliseconds(1))
            return back.count >= all.count
          }, limit: .seconds(5)))
      #expect(back == all)
    }

    @Test func theSlaveMayBeOpenedAndClosedAgain() throws {
      let terminal = try PseudoTerminal()
      var received: [UInt8] = []
      terminal.onBytes = { received += $0 }
      for round in 1...3 as ClosedRange<UInt8> {
        let slave = open(terminal.slavePath, O_RDWR | O_NOCTTY)
        try #require(slave >= 0)
        withUnsafeBytes(of: round) { _ = write(slave, $0.baseAddress, 1) }
        #expect(loop.turn(until: { received.last == round }, limit: .seconds(5)))
        close(slave)
        // A closed slave must not keep the loop busy.
        #expect(!loop.turn(waitingAtMost: .milliseconds(5)))
      }
    }

    @Test func closingHangsUpTheSlaveAndRemovesTheLink() throws {
      let directory = TestDirectory()
      let link = directory.file("cdc-wdm0")
      let terminal = try PseudoTerminal(link: link)
      #expect(Modem.realPath(of: link) == terminal.slavePath)
      let slave = open(link, O_RDWR | O_NOCTTY)
      try #require(slave >= 0)
      terminal.close()
      var status = pollfd(fd: slave, events: Int16(POLLIN), revents: 0)
      #expect(poll(&status, 1, 1_000) == 1)
      #expect(status.revents & Int16(POLLHUP) != 0)
      close(slave)
      #expect(!directory.exists("cdc-wdm0"))
      terminal.close()
    }

    @Test func aLinkIsReplacedButNoOtherFile() throws {
      let directory = TestDirectory()
      let link = directory.file("cdc-wdm0")
      let first = try PseudoTerminal(link: link)
      let second = try PseudoTerminal(link: link)
      #expect(Modem.realPath(of: link) == second.slavePath)
      // The first one's link is gone already; it must not take the second's.
      first.close()
      #expect(directory.exists("cdc-wdm0"))
      second.close()

      directory.write("precious", to: "cdc-wdm0")
      #expect(throws: SystemError(number: EEXIST)) { try PseudoTerminal(link: link) }
      #expect(directory.exists("cdc-wdm0"))
    }
  }
}
