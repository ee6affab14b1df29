import QMI

/// A client id together with its service; ids are given out per service.
struct ServiceClientID: Hashable, Sendable {
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

  var allocation: CTL.ClientIDAllocation { CTL.ClientIDAllocation(service: service, clientID: clientID) }
}
