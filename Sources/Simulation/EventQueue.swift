/// What is to happen when. What falls on the same moment happens in the order in which it was planned.
struct EventQueue {
  private struct Event {
    let due: Duration
    let order: UInt64
    let body: () -> Void

    func precedes(_ other: Event) -> Bool { (due, order) < (other.due, other.order) }
  }

  /// A binary heap, the next event first.
  private var heap: [Event] = []
  private var lastOrder: UInt64 = 0

  var nextDue: Duration? { heap.first?.due }
  var count: Int { heap.count }

  mutating func add(at due: Duration, _ body: @escaping () -> Void) {
    lastOrder += 1
    heap.append(Event(due: due, order: lastOrder, body: body))
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].precedes(heap[parent]) else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  mutating func removeFirst() -> (due: Duration, body: () -> Void)? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      sift()
    }
    return (first.due, first.body)
  }

  private mutating func sift() {
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].precedes(heap[least]) {
        least = child
      }
      guard least != parent else { return }
      heap.swapAt(least, parent)
      parent = least
    }
  }
}
