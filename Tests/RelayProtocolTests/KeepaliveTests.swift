import Testing

@testable import RelayProtocol

@Suite struct KeepaliveTests {
  @Test func growsToFifteenMinutesAndNoFurther() {
    var keepalive = Keepalive()
    #expect(keepalive.interval == .seconds(120))
    var seen: [UInt32] = []
    for _ in 0..<8 {
      keepalive.survived()
      seen.append(keepalive.seconds)
    }
    #expect(seen == [180, 270, 405, 607, 900, 900, 900, 900])
  }

  @Test func whatFailedIsNotTriedAgainOnThisNetwork() {
    var keepalive = Keepalive()
    for _ in 0..<3 { keepalive.survived() }
    keepalive.failed()  // at 405 s
    #expect(keepalive.seconds == 202)
    for _ in 0..<10 { keepalive.survived() }
    #expect(keepalive.seconds == 270)
    keepalive.networkChanged()
    #expect(keepalive == Keepalive())
    for _ in 0..<10 { keepalive.failed() }
    #expect(keepalive.seconds == 120)
    for _ in 0..<10 { keepalive.survived() }
    #expect(keepalive.seconds == 120)
  }

  @Test(arguments: 0..<UInt64(50)) func backoffStaysInItsBounds(seed: UInt64) {
    var backoff = Backoff(jitterSeed: seed)
    var nominal = Backoff.shortest
    for _ in 0..<40 {
      let wait = backoff.failed()
      #expect(wait >= nominal / 2)
      #expect(wait <= nominal)
      nominal = min(nominal * 2, Backoff.longest)
    }
    backoff.succeeded()
    #expect(backoff.failed() <= Backoff.shortest)
    #expect(backoff.failedForLong() >= Backoff.longest / 2)
  }

  @Test func devicesDoNotComeBackTogether() {
    let waits = Set(
      (0..<UInt64(100)).map { seed in
        var backoff = Backoff(jitterSeed: seed)
        return backoff.failed()
      })
    #expect(waits.count > 80)
  }
}
