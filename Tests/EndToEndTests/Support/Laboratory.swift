import Dispatch
import Testing

/// The end-to-end tests, one after the other: real ModemManager, mmcli, qmicli and qmi-proxy on the one side, a relay on the other.
@Suite(.serialized, .laboratory)
enum EndToEnd {}

/// Runs a suite's tests on a queue of their own, for they wait for programs and would keep other tests from running; and ends, when the last
/// test is over, all that the tests started.
struct Laboratory: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTaskExecutorPreference(LaboratoryExecutor.shared) {
      defer { Rig.endShared() }
      try await function()
    }
  }
}

extension SuiteTrait where Self == Laboratory {
  static var laboratory: Laboratory { Laboratory() }
}

private final class LaboratoryExecutor: TaskExecutor {
  static let shared = LaboratoryExecutor()
  private let queue = DispatchQueue(label: "laboratory")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
