import Glibc
import ModemHost
import Testing

/// What a connection told its owner.
private final class Events {
  var keyHash: [UInt8]?
  var octets: [UInt8] = []
  var drained = 0
  var closed: [TLSCloseReason] = []

  func attach(_ connection: TLSConnection) {
    connection.onReady = { [unowned self] in keyHash = $0 }
    connection.onBytes = { [unowned self] in octets += $0 }
    connection.onDrained = { [unowned self] in drained += 1 }
    connection.onClosed = { [unowned self] in closed.append($0) }
  }
}

extension OnMainLoop {
  @Suite(.timeLimit(.minutes(2)))
  struct TLSConnectionTests {
    let loop = EventLoop()
    let certificates: CertificateStore
    private let events = Events()

    init() throws {
      certificates = try CertificateStore()
    }

    private func connect(
      _ host: String, _ port: UInt16, authority: String? = nil, timeout: Duration = .seconds(20)
    ) -> TLSConnection {
      let connection = TLSConnection(
        host: host, port: port, certificateAuthorityFile: authority ?? certificates.authorityFile,
        connectTimeout: timeout)
      events.attach(connection)
      connection.start()
      #expect(events.closed.isEmpty, "told from inside a call")
      return connection
    }

    /// Connects, and expects that to fail in one way.
    private func failure(
      _ host: String, _ port: UInt16, authority: String? = nil, timeout: Duration = .seconds(20)
    ) throws -> TLSCloseReason {
      let connection = connect(host, port, authority: authority, timeout: timeout)
      #expect(loop.turn(until: { !events.closed.isEmpty }, limit: .seconds(30)))
      #expect(events.keyHash == nil)
      #expect(connection.send([1]) == 0)
      loop.turn(waitingAtMost: .milliseconds(20))
      #expect(events.closed.count == 1)
      let reason = try #require(events.closed.first)
      #expect(!reason.text.contains("\n") && !reason.text.isEmpty)
      return reason
    }

    @Test func aTrustedServerIsReachedAndItsKeyHashed() throws {
      try certificates.issue("server")
      let server = try TLSServer(certificates)
      let connection = connect("127.0.0.1", server.port)
      #expect(loop.turn(until: { events.keyHash != nil }, limit: .seconds(10)))
      let hexadecimal = try #require(events.keyHash).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
      #expect(hexadecimal.joined() == (try certificates.keyHash("server")))

      #expect(connection.send(Array("hello relay\n".utf8)) == 0)
      #expect(loop.poll(until: { server.child.text.contains("hello relay") }))
      #expect(server.child.text.contains("TLSv1.3") || server.child.text.contains("TLS_AES_256_GCM_SHA384"))
      server.child.write(Array("hello device\n".utf8))
      #expect(loop.poll(until: { events.octets == Array("hello device\n".utf8) }))
      #expect(events.closed.isEmpty)
    }

    @Test func whatIsSentBeforeItIsReadyGoesFirst() throws {
      try certificates.issue("server")
      let server = try TLSServer(certificates)
      let connection = connect("localhost", server.port)
      #expect(connection.send(Array("early ".utf8)) == 6)
      #expect(connection.backlog == 6)
      #expect(loop.turn(until: { events.drained == 1 }, limit: .seconds(10)))
      #expect(connection.send(Array("late\n".utf8)) == 0)
      #expect(loop.poll(until: { server.child.text.contains("early late\n") }))
    }

    @Test func blocksOfOtherKindsInTheAuthorityFileAreSkipped() throws {
      try certificates.issue("server")
      try certificates.makeAuthority("second")
      let server = try TLSServer(certificates)
      let other = "-----BEGIN SHUNT TOKEN KEY-----\nGeneration: 1\n\nnot base64 at all\n-----END SHUNT TOKEN KEY-----\n"
      _ = try Child.run([
        "sh", "-c",
        "cd '\(certificates.directory.path)' && (printf '%b' '\(other)'; cat second.pem; printf '%b' '\(other)'; "
          + "cat ca.pem; printf '%b' '\(other)') > all.pem",
      ])
      let connection = connect("localhost", server.port, authority: certificates.directory.file("all.pem"))
      #expect(loop.turn(until: { events.keyHash != nil }, limit: .seconds(10)), "\(events.closed)")
      connection.close()
    }

    @Test func bothFamiliesOfANameAreTried() throws {
      try certificates.issue("server")
      for address in ["127.0.0.1", "[::1]"] {
        let server = try TLSServer(certificates, at: address)
        events.keyHash = nil
        let connection = connect("localhost", server.port)
        #expect(loop.turn(until: { events.keyHash != nil }, limit: .seconds(10)), "\(address) \(events.closed)")
        connection.close()
      }
      let server = try TLSServer(certificates, at: "[::1]")
      events.keyHash = nil
      let connection = connect("[::1]", server.port)
      #expect(loop.turn(until: { events.keyHash != nil }, limit: .seconds(10)), "\(events.closed)")
      connection.close()
    }

    @Test(arguments: [false, true]) func anAddressThatSwallowsPacketsLeavesTimeForTheOther(ipv6: Bool) throws {
      try certificates.issue("server")
      let server = try TLSServer(certificates, at: ipv6 ? "127.0.0.1" : "[::1]")
      let hole = try LoopbackListener.blackHole(ipv6: ipv6, port: server.port)
      let connection = connect("localhost", server.port, timeout: .seconds(4))
      #expect(loop.turn(until: { events.keyHash != nil }, limit: .seconds(10)), "\(events.closed)")
      connection.close()
      withExtendedLifetime(hole) {}
    }

    @Test func anotherAuthorityIsNotTrusted() throws {
      try certificates.makeAuthority("other")
      try certificates.issue("server", by: "other")
      let server = try TLSServer(certificates)
      let reason = try failure("127.0.0.1", server.port)
      #expect(reason.kind == .certificate)
      #expect(reason.text == "certificate verify failed: unable to get local issuer certificate")
    }

    @Test func anotherAuthoritySentAlongIsNotTrusted() throws {
      try certificates.makeAuthority("other")
      try certificates.issue("server", by: "other")
      let server = try TLSServer(
        certificates,
        options: ["-alpn", "shunt/1", "-cert_chain", certificates.directory.file("other.pem")])
      let reason = try failure("127.0.0.1", server.port)
      #expect(reason.kind == .certificate)
      #expect(reason.text == "certificate verify failed: self-signed certificate in certificate chain")
    }

    @Test(arguments: [
      ("localhost", "DNS:relay.example", "hostname mismatch"),
      ("127.0.0.1", "DNS:localhost,IP:127.0.0.2", "IP address mismatch"),
    ])
    func aCertificateForAnotherHostIsNotAccepted(host: String, subjects: String, verdict: String) throws {
      try certificates.issue("server", for: subjects)
      let server = try TLSServer(certificates)
      let reason = try failure(host, server.port)
      #expect(reason.kind == .certificate)
      #expect(reason.text == "certificate verify failed: \(verdict) (the certificate is not for \(host))")
    }

    @Test func aCommonNameIsNoHostName() throws {
      try certificates.issue("localhost", for: "email:nobody@example.com")
      let server = try TLSServer(certificates, certificate: "localhost")
      #expect(try failure("localhost", server.port).kind == .certificate)
    }

    @Test func anExpiredCertificateIsNotAccepted() throws {
      try certificates.issue("server", days: -1)
      let server = try TLSServer(certificates)
      let reason = try failure("127.0.0.1", server.port)
      #expect(reason.kind == .certificate)
      #expect(reason.text == "certificate verify failed: certificate has expired")
    }

    @Test func anOlderTLSIsNotSpoken() throws {
      try certificates.issue("server")
      let server = try TLSServer(certificates, options: ["-alpn", "shunt/1", "-tls1_2"])
      let reason = try failure("127.0.0.1", server.port)
      #expect(reason.kind == .protocol)
      #expect(reason.text.hasPrefix("127.0.0.1 does not speak TLS 1.3"), "\(reason)")
    }

    @Test func aServerWithoutTheApplicationProtocolIsRefused() throws {
      try certificates.issue("server")
      let silent = try TLSServer(certificates, options: [])
      #expect(
        try failure("127.0.0.1", silent.port)
          == TLSCloseReason(
            kind: .protocol, text: "127.0.0.1 does not speak shunt/1: it chose no application protocol"))
      events.closed = []
      let other = try TLSServer(certificates, options: ["-alpn", "h2"])
      let reason = try failure("127.0.0.1", other.port)
      #expect(reason.kind == .protocol)
      #expect(reason.text.hasPrefix("127.0.0.1 does not speak shunt/1"), "\(reason)")
    }

    @Test func aServerThatSpeaksSomethingElseIsRefused() throws {
      let listener = try LoopbackListener()
      let connection = connect("127.0.0.1", listener.port)
      loop.turn(waitingAtMost: .seconds(1))
      let peer = listener.accept()
      write(peer, "220 mail.example ESMTP\r\n", 24)
      #expect(loop.turn(until: { !events.closed.isEmpty }, limit: .seconds(10)))
      #expect(events.closed.first?.kind == .protocol)
      #expect(events.closed.first?.text.hasPrefix("127.0.0.1 does not speak TLS: ") == true, "\(events.closed)")
      close(peer)
      connection.close()
    }

    @Test func aServerThatHangsUpInTheHandshakeIsReported() throws {
      let listener = try LoopbackListener()
      let connection = connect("127.0.0.1", listener.port)
      loop.turn(waitingAtMost: .seconds(1))
      close(listener.accept())
      #expect(loop.turn(until: { !events.closed.isEmpty }, limit: .seconds(10)))
      #expect(events.closed.first?.kind == .connect)
      connection.close()
    }

    @Test func aRefusedPortIsReported() throws {
      let port = try LoopbackListener().port
      let reason = try failure("127.0.0.1", port)
      #expect(
        reason == TLSCloseReason(kind: .connect, text: "can't connect to 127.0.0.1 port \(port): Connection refused"))
    }

    @Test func noAnswerIsReportedInTime() throws {
      let hole = try LoopbackListener.blackHole()
      let before = EventLoop.now
      let reason = try failure("127.0.0.1", hole.port, timeout: .milliseconds(300))
      #expect(
        reason == TLSCloseReason(kind: .timeout, text: "no answer from 127.0.0.1 port \(hole.port) within 0.3 s"))
      #expect((.milliseconds(290)..<(.seconds(5))).contains(EventLoop.now - before))
    }

    @Test func aHandshakeThatIsNotAnsweredIsReportedInTime() throws {
      let mute = try LoopbackListener()
      let reason = try failure("127.0.0.1", mute.port, timeout: .milliseconds(300))
      #expect(
        reason
          == TLSCloseReason(kind: .timeout, text: "no TLS handshake with 127.0.0.1 port \(mute.port) within 0.3 s"))
    }

    @Test func aNameThatDoesNotResolveIsReported() throws {
      let reason = try failure("no..name", 7443)
      #expect(reason.kind == .name)
      #expect(reason.text.hasPrefix("no..name can't be resolved: "), "\(reason)")
    }

    @Test func anAuthorityFileThatIsNotOneIsReported() throws {
      let missing = try failure("127.0.0.1", 1, authority: certificates.directory.file("none.pem"))
      #expect(missing.kind == .configuration)
      #expect(missing.text.contains("none.pem") && missing.text.contains("No such file"), "\(missing)")
      events.closed = []
      let key = try failure("127.0.0.1", 1, authority: certificates.directory.file("ca.key"))
      #expect(key.kind == .configuration)
      #expect(key.text.hasSuffix("ca.key: it holds no CERTIFICATE block"), "\(key)")
      events.closed = []
      certificates.directory.write(
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", to: "broken.pem")
      let broken = try failure("127.0.0.1", 1, authority: certificates.directory.file("broken.pem"))
      #expect(broken.kind == .configuration)
      #expect(broken.text.contains("broken.pem: CERTIFICATE block 1 can't be read"), "\(broken)")
    }

    @Test func muchDataWaitsInTheBacklogUntilThePeerReads() throws {
      try certificates.issue("server")
      // Its output is a pipe that nobody reads at first, so the server stops reading.
      let server = try TLSServer(certificates)
      let connection = connect("127.0.0.1", server.port)
      #expect(loop.turn(until: { events.keyHash != nil }, limit: .seconds(10)))
      let line = Array(String(repeating: "x", count: 1023).utf8) + [10]
      let block = [UInt8]((0..<64).map { _ in line }.joined())
      var sent = 0
      while connection.backlog < 8 << 20 {
        connection.send(block)
        sent += block.count
      }
      #expect(events.drained == 0)
      #expect(loop.poll(until: { server.child.drain() && connection.backlog == 0 }, limit: .seconds(60)))
      #expect(loop.poll(until: { events.drained == 1 }))
      let count: () -> Int = {
        server.child.drain()
        return server.child.output.count { $0 == UInt8(ascii: "x") }
      }
      #expect(loop.poll(until: { count() >= sent / 1024 * 1023 }, limit: .seconds(60)))
      #expect(events.closed.isEmpty)
    }

    @Test func muchDataArrivesWholeAndInOrder() throws {
      try certificates.issue("server")
      let server = try TLSServer(certificates)
      let connection = connect("127.0.0.1", server.port)
      #expect(loop.turn(until: { events.keyHash != nil }, limit: .seconds(10)))
      var expected: [UInt8] = []
      for round in 0..<100 {
        // No letters: at the start of what it reads the command takes some for commands.
        let part = (0..<40_000).map { 0x80 | UInt8(truncatingIfNeeded: ($0 &* 7) ^ round) }
        server.child.write(part)
        expected += part
        loop.turn(waitingAtMost: .zero)
      }
      #expect(loop.poll(until: { events.octets.count >= expected.count }, limit: .seconds(60)))
      #expect(events.octets == expected)
      connection.close()
    }

    @Test func theServersGoodbyeIsReported() throws {
      try certificates.issue("server")
      // Answers one HTTP request, then says goodbye.
      let server = try TLSServer(certificates, options: ["-alpn", "shunt/1", "-tls1_3", "-www"])
      let connection = connect("127.0.0.1", server.port)
      #expect(loop.turn(until: { events.keyHash != nil }, limit: .seconds(10)))
      connection.send(Array("GET / HTTP/1.0\r\n\r\n".utf8))
      #expect(loop.turn(until: { !events.closed.isEmpty }, limit: .seconds(10)))
      #expect(
        events.closed == [TLSCloseReason(kind: .closedByPeer, text: "127.0.0.1 closed the connection")])
      #expect(String(decoding: events.octets, as: UTF8.self).hasPrefix("HTTP/1.0 200 "))
      connection.close()
    }

    @Test func aServerThatDiesIsReported() throws {
      try certificates.issue("server")
      let server = try TLSServer(certificates)
      let connection = connect("127.0.0.1", server.port)
      #expect(loop.turn(until: { events.keyHash != nil }, limit: .seconds(10)))
      server.child.end()
      for _ in 0..<3 { connection.send([UInt8](repeating: 1, count: 100_000)) }
      #expect(loop.turn(until: { !events.closed.isEmpty }, limit: .seconds(10)))
      #expect(events.closed.first?.kind == .closedByPeer || events.closed.first?.kind == .io, "\(events.closed)")
      #expect(connection.backlog == 0)
    }

    @Test func closingSendsWhatIsQueuedAndSaysGoodbye() throws {
      try certificates.issue("server")
      let server = try TLSServer(certificates)
      let connection = connect("127.0.0.1", server.port)
      #expect(loop.turn(until: { events.keyHash != nil }, limit: .seconds(10)))
      connection.send(Array("x\n".utf8))
      connection.send([UInt8](repeating: UInt8(ascii: "y"), count: 3_000_000))
      connection.send(Array("\nthe end\n".utf8))
      connection.close()
      #expect(connection.send([1]) == 0)
      // What it says on close_notify; on a bare end of stream it says ERROR.
      #expect(loop.poll(until: { server.child.text.hasSuffix("the end\nDONE\n") }))
      #expect(!server.child.text.contains("ERROR"))
      let body = server.child.text.split(separator: "\n").last { $0.hasPrefix("yyyy") }
      #expect(body?.utf8.count == 3_000_000 && body?.utf8.allSatisfy { $0 == UInt8(ascii: "y") } == true)
      #expect(events.closed.isEmpty)
    }

    @Test func closingIsPossibleInEveryState() throws {
      try certificates.issue("server")
      let server = try TLSServer(certificates)
      let mute = try LoopbackListener()
      let hole = try LoopbackListener.blackHole()
      let unstarted = TLSConnection(host: "localhost", port: 1, certificateAuthorityFile: "/none")
      unstarted.close()
      unstarted.start()
      connect("127.0.0.1", server.port).close()
      let resolving = connect("shunt-test.invalid", 1)
      loop.turn(waitingAtMost: .zero)
      resolving.close()
      for port in [mute.port, hole.port] {
        let connecting = connect("127.0.0.1", port)
        for _ in 0..<5 { loop.turn(waitingAtMost: .milliseconds(5)) }
        connecting.close()
      }
      do {
        // Dropped, not closed.
        let dropped = connect("127.0.0.1", server.port)
        withExtendedLifetime(dropped) {}
      }
      for _ in 0..<20 { loop.turn(waitingAtMost: .milliseconds(5)) }
      #expect(events.keyHash == nil && events.closed.isEmpty)
    }

    @Test func aConnectionMayBeClosedOrDroppedFromItsHandlers() throws {
      try certificates.issue("server")
      for how in ["ready, close", "ready, drop", "bytes, close", "bytes, drop", "closed, drop"] {
        let server = try TLSServer(certificates)
        var connection: TLSConnection? = connect("127.0.0.1", server.port)
        var happened = false
        let act: () -> Void = {
          happened = true
          if how.hasSuffix("drop") { connection = nil } else { connection?.close() }
        }
        if how.hasPrefix("ready") {
          connection?.onReady = { _ in act() }
        } else {
          connection?.onReady = { [events] in events.keyHash = $0 }
          if how.hasPrefix("bytes") { connection?.onBytes = { _ in act() } }
          if how.hasPrefix("closed") { connection?.onClosed = { _ in act() } }
          #expect(loop.turn(until: { events.keyHash != nil }, limit: .seconds(10)))
          events.keyHash = nil
          server.child.write(Array((how.hasPrefix("bytes") ? "bytes\n" : "q\n").utf8))
        }
        #expect(loop.turn(until: { happened }, limit: .seconds(10)), "\(how)")
        for _ in 0..<5 { loop.turn(waitingAtMost: .milliseconds(5)) }
        if how.hasPrefix("closed") { #expect(connection == nil) } else { #expect(events.closed.isEmpty, "\(how)") }
        connection = nil
      }
    }
  }
}
