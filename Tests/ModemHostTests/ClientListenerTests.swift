import Glibc
import ModemHost
import Testing

extension OnMainLoop {
  @Suite(.timeLimit(.minutes(1)))
  struct ClientListenerTests {
    let loop = EventLoop()
    let name = "shunt-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"

    @Test func clientsOfAnAbstractSocketAreAcceptedWithTheirCredentials() throws {
      var clients: [(ClientStream, PeerCredentials)] = []
      let listener = try ClientListener(at: .abstract(name)) { clients.append(($0, $1)) }
      let first = try ClientStream(connectingTo: "@\(name)")
      let second = try ClientStream(connectingTo: "@\(name)")
      #expect(loop.turn(until: { clients.count == 2 }, limit: .seconds(5)))
      let me = PeerCredentials(processID: getpid(), userID: getuid(), groupID: getgid())
      #expect(clients.map { $0.1 } == [me, me])
      #expect(clients[0].0.peer == me)

      var received: [UInt8] = []
      second.onBytes = { received += $0 }
      clients[1].0.send([1, 2])
      #expect(loop.turn(until: { received == [1, 2] }, limit: .seconds(5)))
      withExtendedLifetime((listener, first)) {}
    }

    @Test func moreClientsThanOneTurnTakesAreAllAccepted() throws {
      var clients: [ClientStream] = []
      let listener = try ClientListener(at: .abstract(name)) { client, _ in clients.append(client) }
      let peers = try (0..<40).map { _ in try ClientStream(connectingTo: "@\(name)") }
      #expect(loop.turn(until: { clients.count == peers.count }, limit: .seconds(5)))
      withExtendedLifetime(listener) {}
    }

    @Test func aUserThatIsNotAllowedIsClosedAndReported() throws {
      var refused: [PeerCredentials] = []
      let listener = try ClientListener(
        at: .abstract(name), allowedUserIDs: [getuid() &+ 1], onRefused: { refused.append($0) },
        onClient: { _, _ in Issue.record("accepted") })
      let peer = try ClientStream(connectingTo: "@\(name)")
      var closed = false
      peer.onClosed = { _ in closed = true }
      #expect(loop.turn(until: { closed && refused.count == 1 }, limit: .seconds(5)))
      #expect(refused.first?.userID == getuid())
      withExtendedLifetime(listener) {}
    }

    @Test func anAllowedUserIsAccepted() throws {
      var accepted = false
      let listener = try ClientListener(at: .abstract(name), allowedUserIDs: [getuid()]) { _, _ in accepted = true }
      let peer = try ClientStream(connectingTo: "@\(name)")
      #expect(loop.turn(until: { accepted }, limit: .seconds(5)))
      withExtendedLifetime((listener, peer)) {}
    }

    @Test func aSocketInUseNamesItsOwner() throws {
      let first = try ClientListener(at: .abstract(name)) { _, _ in }
      let failure = #expect(throws: ClientListener.Failure.self) {
        try ClientListener(at: .abstract(name)) { _, _ in }
      }
      guard case .addressInUse(let address, let owner, let ownerName) = failure else {
        Issue.record("\(String(describing: failure))")
        return
      }
      #expect(address == .abstract(name))
      #expect(owner == getpid())
      #expect(ownerName?.isEmpty == false)
      #expect(failure?.description.hasPrefix("@\(name) is already in use by ") == true)
      #expect(failure?.description.hasSuffix("(pid \(getpid()))") == true)

      first.close()
      let third = try ClientListener(at: .abstract(name)) { _, _ in }
      withExtendedLifetime(third) {}
    }

    @Test func aSocketFileHasItsPermissionsAndGoesWithTheListener() throws {
      let directory = TestDirectory()
      let path = directory.file("socket")
      var clients: [ClientStream] = []
      let listener = try ClientListener(at: .path(path, mode: 0o660)) { client, _ in clients.append(client) }
      var status = stat()
      #expect(lstat(path, &status) == 0)
      #expect(status.st_mode & 0o7777 == 0o660)
      let peer = try ClientStream(connectingTo: path)
      #expect(loop.turn(until: { clients.count == 1 }, limit: .seconds(5)))

      let failure = #expect(throws: ClientListener.Failure.self) { try ClientListener(at: .path(path)) { _, _ in } }
      #expect(failure?.description.hasSuffix("(pid \(getpid()))") == true)
      listener.close()
      #expect(!directory.exists("socket"))
      withExtendedLifetime(peer) {}
    }

    @Test func aSocketFileThatNobodyListensAtIsReplaced() throws {
      let directory = TestDirectory()
      let path = directory.file("socket")
      // A listener whose file stays: what a killed process leaves.
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      bindToPath(descriptor, path)
      close(descriptor)
      #expect(directory.exists("socket"))

      var accepted = false
      let listener = try ClientListener(at: .path(path)) { _, _ in accepted = true }
      let peer = try ClientStream(connectingTo: path)
      #expect(loop.turn(until: { accepted }, limit: .seconds(5)))
      withExtendedLifetime((listener, peer)) {}
    }

    @Test func aFileThatIsNoSocketIsLeftAlone() {
      let directory = TestDirectory()
      directory.write("precious", to: "socket")
      let failure = #expect(throws: ClientListener.Failure.self) {
        try ClientListener(at: .path(directory.file("socket"))) { _, _ in }
      }
      #expect(failure?.description.contains("already in use") == true)
      #expect(directory.exists("socket"))
    }

    @Test func aDirectoryThatIsNotThereIsNamed() {
      let failure = #expect(throws: ClientListener.Failure.self) {
        try ClientListener(at: .path("/nonexistent/socket")) { _, _ in }
      }
      #expect(failure == .system(.path("/nonexistent/socket"), SystemError(number: ENOENT)))
      #expect(failure?.description == "cannot listen on /nonexistent/socket: No such file or directory")
    }

    @Test func aListenerMayCloseItselfInItsCall() throws {
      var listener: ClientListener?
      var accepted = 0
      listener = try ClientListener(at: .abstract(name)) { _, _ in
        accepted += 1
        listener?.close()
        listener = nil
      }
      let peers = try (0..<3).map { _ in try ClientStream(connectingTo: "@\(name)") }
      #expect(loop.turn(until: { accepted == 1 }, limit: .seconds(5)))
      loop.turn(waitingAtMost: .milliseconds(5))
      #expect(accepted == 1)
      withExtendedLifetime(peers) {}
    }

    @Test(arguments: [("@qmi-proxy", ClientListener.Address.abstract("qmi-proxy")), ("/run/x", .path("/run/x"))])
    func addressesAreReadFromText(text: String, address: ClientListener.Address) {
      #expect(ClientListener.Address(text) == address)
      #expect(address.description == text)
    }

    @Test func nothingWasPassedBySystemd() {
      #expect(ClientListener.passedDescriptorCount == 0)
      let failure = #expect(throws: ClientListener.Failure.self) { try ClientListener(at: .passed()) { _, _ in } }
      #expect(failure == .notPassed(.passed()))
    }
  }
}

/// Binds a socket to a file and lets go of it without removing the file.
private func bindToPath(_ descriptor: Int32, _ path: String) {
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
  withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      _ = bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
}
