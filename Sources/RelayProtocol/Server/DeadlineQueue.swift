/// Keys in the order of their deadlines.
///
/// A binary heap with lazy deletion: forgetting or putting off a key leaves its entry behind until it
/// comes up, and the heap is rebuilt when stale entries outnumber the live ones. So its size is bounded
/// by about twice the number of keys.
struct DeadlineQueue<Key: Hashable & Sendable>: Sendable {
  private struct Entry: Sendable {
    var deadline: Duration
    var key: Key
  }

  private var heap: [Entry] = []
  private var deadlines: [Key: Duration] = [:]

  var count: Int { deadlines.count }

  /// Entries held, stale ones included; for the test of the bound.
  var heapCount: Int { heap.count }

  /// When to call `popDue` next. May be earlier than any live deadline, never later.
  var next: Duration? { heap.first?.deadline }

  mutating func set(_ key: Key, to deadline: Duration) {
    let old = deadlines.updateValue(deadline, forKey: key)
    // A later deadline is found when the earlier entry comes up.
    if let old, old <= deadline { return }
    push(Entry(deadline: deadline, key: key))
    compact()
  }

  mutating func remove(_ key: Key) {
    if deadlines.removeValue(forKey: key) != nil { compact() }
  }

  /// Takes out one key whose deadline is at or before `now`.
  mutating func popDue(now: Duration) -> Key? {
    while let first = heap.first, first.deadline <= now {
      removeFirst()
      guard let current = deadlines[first.key] else { continue }
      if current <= now {
        deadlines.removeValue(forKey: first.key)
        return first.key
      }
      // Put off since. Another entry for it may exist; a duplicate only costs one more look.
      push(Entry(deadline: current, key: first.key))
    }
    return nil
  }

  private mutating func compact() {
    guard heap.count > 2 * deadlines.count + 64 else { return }
    heap = deadlines.map { Entry(deadline: $0.value, key: $0.key) }
    heap.sort { $0.deadline < $1.deadline }
  }

  private mutating func push(_ entry: Entry) {
    heap.append(entry)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].deadline < heap[parent].deadline else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  private mutating func removeFirst() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if heap[child].deadline < heap[least].deadline { least = child }
      }
      guard least != parent else { break }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
