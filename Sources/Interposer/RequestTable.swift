/// Requests that the modem has not answered. Their ids carry a generation, so that an id from before never finds another request.
struct RequestTable: Sendable {
  private struct Slot: Sendable {
    var generation: UInt32 = 0
    var request: PendingRequest?
  }

  private var slots: [Slot] = []
  private var free: [UInt32] = []

  var count: Int { slots.count - free.count }

  mutating func insert(_ request: PendingRequest) -> ModemRequestID {
    let index: UInt32
    if let reused = free.popLast() {
      index = reused
    } else {
      index = UInt32(slots.count)
      slots.append(Slot())
    }
    slots[Int(index)].request = request
    return ModemRequestID(rawValue: UInt64(slots[Int(index)].generation) << 32 | UInt64(index))
  }

  mutating func remove(_ id: ModemRequestID) -> PendingRequest? {
    let index = Int(id.rawValue & 0xFFFF_FFFF)
    guard index < slots.count, UInt64(slots[index].generation) == id.rawValue >> 32 else { return nil }
    guard let request = slots[index].request.take() else { return nil }
    slots[index].generation &+= 1
    free.append(UInt32(index))
    return request
  }

  /// Takes out all, oldest slot first.
  mutating func removeAll() -> [PendingRequest] {
    var removed: [PendingRequest] = []
    for index in slots.indices {
      guard let request = slots[index].request.take() else { continue }
      slots[index].generation &+= 1
      free.append(UInt32(index))
      removed.append(request)
    }
    return removed
  }

  /// Whether a request of the Interposer's own is among them.
  var hasOwnRequest: Bool { slots.contains { $0.request.map { $0.client == nil } ?? false } }
}
