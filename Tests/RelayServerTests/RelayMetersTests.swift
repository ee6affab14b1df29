import Metrics
import RelayProtocol
import Synchronization
import Testing

@testable import RelayServer

/// Counts in memory.
final class CountingMetrics: MetricsFactory {
  private final class Meter: CounterHandler, RecorderHandler {
    let value = Mutex<Double>(0)
    let isGauge: Bool
    init(isGauge: Bool) { self.isGauge = isGauge }
    func increment(by amount: Int64) { value.withLock { $0 += Double(amount) } }
    func reset() { value.withLock { $0 = 0 } }
    func record(_ number: Int64) { value.withLock { $0 = Double(number) } }
    func record(_ number: Double) { value.withLock { $0 = number } }
  }

  private let meters = Mutex<[String: Meter]>([:])

  private func meter(_ label: String, isGauge: Bool) -> Meter {
    let meter = Meter(isGauge: isGauge)
    meters.withLock { $0[label] = meter }
    return meter
  }

  func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    meter(label, isGauge: false)
  }
  func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    meter(label, isGauge: true)
  }
  func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    NOOPMetricsHandler.instance
  }
  func destroyCounter(_ handler: any CounterHandler) {}
  func destroyRecorder(_ handler: any RecorderHandler) {}
  func destroyTimer(_ handler: any TimerHandler) {}

  func value(_ label: String) -> Double? {
    meters.withLock { $0["shunt_relay_\(label)"] }.map { $0.value.withLock { $0 } }
  }
}

@Suite(.timeLimit(.minutes(5))) struct RelayMetersTests {
  @Test func countsReachTheMetricsSystem() async throws {
    let metrics = CountingMetrics()
    try await withRelay(metrics: metrics) { relay in
      let alice = try await TestPerson("+447700900111", relay)
      await alice.device.close()
    }
    // Told at the stop at the latest.
    #expect(metrics.value("sessions_opened") == 1)
    #expect(metrics.value("codes_sent") == 1)
    #expect(metrics.value("registrations_made") == 1)
    #expect(metrics.value("messages_accepted") == 0)
    #expect(metrics.value("connections") == 0)
    #expect(metrics.value("devices_online") == 0)
  }
}
