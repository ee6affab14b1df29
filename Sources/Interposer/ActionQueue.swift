/// Actions that wait to be taken, first in, first out.
struct ActionQueue: Sendable {
  private var slots: [Interposer.Action?] = []
  private var head = 0

  var isEmpty: Bool { slots.isEmpty }

  mutating func append(_ action: consuming Interposer.Action) {
    slots.append(action)
  }

  mutating func popFirst() -> Interposer.Action? {
    guard head < slots.count else { return nil }
    // Moved out, not copied, so that the octets in it have one owner.
    let action = slots[head].take()
    head += 1
    if head == slots.count {
      slots.removeAll(keepingCapacity: slots.capacity <= 1024)
      head = 0
    }
    return action
  }
}
