import Testing

@testable import RelayProtocol

@Suite struct DeadlineQueueTests {
  /// All keys that are due at these moments, a list each.
  private func due(_ queue: inout DeadlineQueue<Int>, at moments: [Duration]) -> [[Int]] {
    moments.map { now in
      var keys: [Int] = []
      while let key = queue.popDue(now: now) { keys.append(key) }
      return keys
    }
  }

  @Test func givesKeysInOrder() {
    var queue = DeadlineQueue<Int>()
    for key in [5, 3, 9, 1] { queue.set(key, to: .seconds(key)) }
    #expect(queue.next == .seconds(1))
    let keys = due(&queue, at: [.milliseconds(999), .seconds(4), .seconds(4)])
    #expect(keys == [[], [1, 3], []])
    #expect(queue.count == 2)
  }

  @Test func keysMoveBothWaysAndGo() {
    var queue = DeadlineQueue<Int>()
    queue.set(1, to: .seconds(10))
    queue.set(1, to: .seconds(20))
    queue.set(2, to: .seconds(30))
    queue.set(2, to: .seconds(25))
    queue.set(3, to: .seconds(30))
    queue.remove(3)
    let keys = due(&queue, at: [.seconds(19), .seconds(20), .seconds(24), .seconds(25), .seconds(99)])
    #expect(keys == [[], [1], [], [2], []])
    #expect(queue.next == nil)
  }

  @Test func staleEntriesAreBounded() {
    var queue = DeadlineQueue<Int>()
    for key in 0..<100_000 {
      queue.set(key, to: .seconds(1_000_000 - key))
      queue.remove(key - 10)
      #expect(queue.heapCount <= 2 * queue.count + 65)
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func agreesWithAPlainDictionary(seed: UInt64) {
    var generator = SplitMix(state: seed)
    var queue = DeadlineQueue<Int>()
    var model: [Int: Duration] = [:]
    var now: Duration = .zero
    for _ in 0..<3_000 {
      let key = Int(generator.next() % 50)
      switch generator.next() % 4 {
      case 0, 1:
        let deadline = now + .seconds(Int64(generator.next() % 100))
        queue.set(key, to: deadline)
        model[key] = deadline
      case 2:
        queue.remove(key)
        model[key] = nil
      default:
        now += .seconds(Int64(generator.next() % 5))
        var due: Set<Int> = []
        while let key = queue.popDue(now: now) { due.insert(key) }
        #expect(due == Set(model.filter { $0.value <= now }.keys))
        model = model.filter { $0.value > now }
        if let next = queue.next, let first = model.values.min() { #expect(next <= first) }
      }
      #expect(queue.count == model.count)
    }
  }
}

@Suite struct RateBucketTests {
  /// What taking each count at each moment says.
  private func takes(_ bucket: RateBucket, _ steps: [(count: Int, now: Duration)]) -> [UInt32?] {
    var bucket = bucket
    return steps.map { bucket.take($0.count, now: $0.now) }
  }

  @Test func burstThenRate() {
    let bucket = RateBucket(burst: 10, perHour: 60, now: .zero)
    let waits = takes(bucket, [(10, .zero), (1, .zero), (1, .seconds(60)), (3, .seconds(90))])
    #expect(waits == [nil, 60, nil, 150])
  }

  @Test func fullAgainInTime() {
    var bucket = RateBucket(burst: 10, perHour: 60, now: .zero)
    let wait = bucket.take(10, now: .zero)
    let full = [Duration.seconds(599), .seconds(600)].map { bucket.isFull(now: $0) }
    #expect(wait == nil)
    #expect(full == [false, true])
  }

  @Test func neverMoreThanTheBurst() {
    let waits = takes(
      RateBucket(burst: 5, perHour: 3600, now: .zero), [(6, .seconds(100_000)), (5, .seconds(100_000))])
    #expect(waits == [1, nil])
  }

  @Test func clockThatGoesBackGivesNothing() {
    let waits = takes(
      RateBucket(burst: 1, perHour: 3600, now: .seconds(10)), [(1, .seconds(10)), (1, .seconds(5))])
    #expect(waits == [nil, 1])
  }
}
