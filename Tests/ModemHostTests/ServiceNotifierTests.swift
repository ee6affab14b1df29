import Glibc
import ModemHost
import Testing

/// The environment belongs to the whole process, so each test has one of its own.
@Suite(.timeLimit(.minutes(1)))
struct ServiceNotifierTests {
  @Test(arguments: [false, true]) func theServiceManagerIsTold(abstract: Bool) async {
    await #expect(processExitsWith: .success) { [abstract] in
      let directory = TestDirectory()
      let path = abstract ? "@shunt-notify-\(getpid())" : directory.file("notify")
      let manager = receiver(at: path)
      let notifier = ServiceNotifier()
      // Nobody asked for it yet.
      notifier.ready()
      setenv("NOTIFY_SOCKET", path, 1)
      notifier.ready(status: "waiting for\nthe modem")
      precondition(message(manager) == "READY=1\nSTATUS=waiting for the modem")
      notifier.ready()
      precondition(message(manager) == "READY=1")
      notifier.status("up")
      precondition(message(manager) == "STATUS=up")
      notifier.watchdog()
      precondition(message(manager) == "WATCHDOG=1")
      notifier.stopping()
      precondition(message(manager) == "STOPPING=1")
      precondition(message(manager) == nil)
      // A manager that is gone does no harm.
      close(manager)
      notifier.watchdog()
      unlink(path)
    }
  }

  @Test func theWatchdogIsFedTwiceAsOftenAsAsked() async {
    await #expect(processExitsWith: .success) {
      let notifier = ServiceNotifier()
      unsetenv("WATCHDOG_USEC")
      precondition(notifier.watchdogInterval == nil)
      setenv("WATCHDOG_USEC", "3000000", 1)
      precondition(notifier.watchdogInterval == .milliseconds(1500))
      setenv("WATCHDOG_PID", "\(getpid())", 1)
      precondition(notifier.watchdogInterval == .milliseconds(1500))
      setenv("WATCHDOG_PID", "1", 1)
      precondition(notifier.watchdogInterval == nil)
    }
  }
}

private func receiver(at path: String) -> Int32 {
  let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  let name = Array(path.utf8)
  withUnsafeMutableBytes(of: &address.sun_path) { field in
    field.copyBytes(from: name)
    if name.first == UInt8(ascii: "@") { field[0] = 0 }
  }
  let size = socklen_t(MemoryLayout<sa_family_t>.size + name.count + (name.first == UInt8(ascii: "@") ? 0 : 1))
  let result = withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
  }
  precondition(result == 0)
  return descriptor
}

private func message(_ descriptor: Int32) -> String? {
  var buffer = [UInt8](repeating: 0, count: 1024)
  let got = recv(descriptor, &buffer, buffer.count, 0)
  return got < 0 ? nil : String(decoding: buffer.prefix(got), as: UTF8.self)
}
