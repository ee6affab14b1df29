internal import Glibc

/// Keeps the processors from sleeping while a measurement runs: waking one up takes as long as what is measured, and makes a
/// program look faster the later it goes to sleep. They run only when nothing else wants to (SCHED_IDLE), and end with the object.
final class BenchSpinners {
  private let children: [ChildProcess]

  init() throws {
    let count = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    children = try (0..<count).map { _ in
      try ChildProcess(["chrt", "--idle", "0", "sh", "-c", "while :; do :; done"], log: "/dev/null")
    }
  }
}
