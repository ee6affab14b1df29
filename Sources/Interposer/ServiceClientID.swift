import QMI

/// A client id together with its service; ids are given out per service.
struct ServiceClientID: Hashable, Comparable, Sendable {
  let service: QMIService
  let clientID: ClientID

  @inline(__always)
  init(_ service: QMIService, _ clientID: ClientID) {
    self.service = service
    self.clientID = clientID
  }

  init(_ allocation: CTL.ClientIDAllocation) {
    self.init(allocation.service, allocation.clientID)
  }

  static func < (lhs: Self, rhs: Self) -> Bool {
    (lhs.service.rawValue, lhs.clientID.rawValue) < (rhs.service.rawValue, rhs.clientID.rawValue)
  }

  var allocation: CTL.ClientIDAllocation { CTL.ClientIDAllocation(service: service, clientID: clientID) }
}
