import Glibc
import ModemHost
import Testing

/// Socket activation and running out of descriptors change the whole process, so each test has one of its own.
@Suite(.timeLimit(.minutes(2)))
struct PassedSocketTests {
  @Test func aSocketPassedBySystemdIsAdopted() async {
    await #expect(processExitsWith: .success) {
      let kept = takePlaceOfDescriptor3(listeningAs: "shunt-passed-\(getpid())")
      setenv("LISTEN_PID", "\(getpid())", 1)
      setenv("LISTEN_FDS", "1", 1)
      setenv("LISTEN_FDNAMES", "qmi-proxy", 1)
      var accepted: [PeerCredentials] = []
      let listener = try ClientListener(at: .passed(name: "qmi-proxy")) { _, peer in accepted.append(peer) }
      let peer = try ClientStream(connectingTo: "@shunt-passed-\(getpid())")
      let loop = EventLoop()
      loop.turn(until: { accepted.count == 1 }, limit: .seconds(10))
      precondition(accepted.first?.processID == getpid())
      precondition(ClientListener.passedDescriptorCount == 1)
      precondition(getenv("LISTEN_FDS") == nil && getenv("LISTEN_PID") == nil && getenv("LISTEN_FDNAMES") == nil)
      precondition(fcntl(3, F_GETFD) & FD_CLOEXEC != 0)
      withExtendedLifetime(peer) {}
      listener.close()
      dup2(kept, 3)
    }
  }

  @Test func aSocketOfAnotherNameOrProcessIsNot() async {
    await #expect(processExitsWith: .success) {
      setenv("LISTEN_PID", "\(getpid())", 1)
      setenv("LISTEN_FDS", "1", 1)
      setenv("LISTEN_FDNAMES", "other", 1)
      precondition(failureOfAdopting("qmi-proxy") == .notPassed(.passed(name: "qmi-proxy")))
    }
    await #expect(processExitsWith: .success) {
      setenv("LISTEN_PID", "1", 1)
      setenv("LISTEN_FDS", "1", 1)
      precondition(ClientListener.passedDescriptorCount == 0)
    }
    await #expect(processExitsWith: .success) {
      setenv("LISTEN_PID", "\(getpid())", 1)
      setenv("LISTEN_FDS", "many", 1)
      precondition(ClientListener.passedDescriptorCount == 0)
    }
  }

  @Test func aPassedDescriptorThatDoesNotListenIsRefused() async {
    await #expect(processExitsWith: .success) {
      let kept = dup(3)
      dup2(open("/dev/null", O_RDONLY), 3)
      setenv("LISTEN_PID", "\(getpid())", 1)
      setenv("LISTEN_FDS", "1", 1)
      precondition(failureOfAdopting(nil) == .system(.passed(), SystemError(number: EINVAL)))
      dup2(kept, 3)
    }
  }

  @Test func runningOutOfDescriptorsPausesAcceptingInsteadOfSpinning() async {
    await #expect(processExitsWith: .success) {
      let loop = EventLoop()
      let name = "shunt-exhausted-\(getpid())"
      var accepted = 0
      let listener = try ClientListener(at: .abstract(name)) { _, _ in accepted += 1 }
      let peer = try ClientStream(connectingTo: "@\(name)")
      // No more descriptors: the next one would be this.
      let next = dup(0)
      close(next)
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      let old = limit.rlim_cur
      limit.rlim_cur = rlim_t(next)
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      var turns = 0
      let end = EventLoop.now + .milliseconds(50)
      while EventLoop.now < end {
        loop.turn(waitingAtMost: .milliseconds(50))
        turns += 1
      }
      precondition(accepted == 0)
      precondition(turns < 10, "\(turns) turns while waiting")
      limit.rlim_cur = old
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      loop.turn(until: { accepted == 1 }, limit: .seconds(10))
      precondition(accepted == 1)
      withExtendedLifetime((listener, peer)) {}
    }
  }
}

/// Puts a listening abstract socket where systemd would, and returns what was there.
private func takePlaceOfDescriptor3(listeningAs name: String) -> Int32 {
  let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0[1...].copyBytes(from: name.utf8) }
  let size = MemoryLayout<sa_family_t>.size + 1 + name.utf8.count
  withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = bind(descriptor, $0, socklen_t(size)) }
  }
  listen(descriptor, 8)
  if descriptor == 3 { return -1 }
  let kept = dup(3)
  dup2(descriptor, 3)
  close(descriptor)
  return kept
}

private func failureOfAdopting(_ name: String?) -> ClientListener.Failure? {
  do throws(ClientListener.Failure) {
    _ = try ClientListener(at: .passed(name: name)) { _, _ in }
    return nil
  } catch {
    return error
  }
}
