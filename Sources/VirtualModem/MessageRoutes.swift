import QMI

/// What happens to incoming messages, by their class (WMS Set Routes).
struct MessageRoutes: Sendable {
  private(set) var routes: [WMS.Route] = [
    .init(messageClass: .class0, storage: .nv, receiptAction: .storeAndNotify),
    .init(messageClass: .class1, storage: .nv, receiptAction: .storeAndNotify),
    .init(messageClass: .class2, storage: .uim, receiptAction: .storeAndNotify),
    .init(messageClass: .class3, storage: .nv, receiptAction: .storeAndNotify),
    .init(messageClass: .none, storage: .nv, receiptAction: .storeAndNotify),
  ]
  var transferStatusReport: UInt8 = 0

  /// Replaces the routes of the classes named; the others stay. False, and nothing changes, when a route makes no sense.
  mutating func set(_ changes: [WMS.Route]) -> Bool {
    let isSensible = changes.allSatisfy { route in
      route.messageType == .pointToPoint && routes.contains { $0.messageClass == route.messageClass }
        && route.receiptAction.rawValue <= WMS.Route.ReceiptAction.transferAndAck.rawValue
        && (route.receiptAction != .storeAndNotify || route.storage == .uim || route.storage == .nv)
    }
    guard isSensible else { return false }
    for change in changes {
      for index in routes.indices where routes[index].messageClass == change.messageClass { routes[index] = change }
    }
    return true
  }

  func route(of messageClass: WMS.Route.MessageClass) -> WMS.Route {
    routes.first { $0.messageClass == messageClass }
      ?? .init(messageClass: messageClass, storage: .nv, receiptAction: .storeAndNotify)
  }
}
