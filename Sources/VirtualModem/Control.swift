import QMI

extension VirtualModem {
  mutating func answerControl(_ request: QMUXFrame) throws(QMIDecodingError) -> QMUXFrame {
    guard let transaction = request.controlTransactionID else { return request.response(.invalidTransactionID) }
    switch request.messageID {
    case CTL.ID.versionInfo:
      return CTL.VersionInfoResponse(services: ServedMessages.versions).encoded(transaction: transaction)

    case CTL.ID.allocateClientID:
      let service = try CTL.AllocateClientIDRequest(decoding: request).service
      // 31: invalid service type.
      guard ServedMessages.of(service) != nil else { return request.response(QMIError(rawValue: 31)) }
      guard let id = allocateClientID(of: service) else { return request.response(.clientIDsExhausted) }
      return CTL.AllocateClientIDResponse(.init(service: service, clientID: id)).encoded(transaction: transaction)

    case CTL.ID.releaseClientID:
      let allocation = try CTL.ReleaseClientIDRequest(decoding: request).allocation
      guard clients[allocation.service]?.removeValue(forKey: allocation.clientID) != nil else {
        return request.response(.invalidClientID)
      }
      if allocation.service == .wds { dataCalls[allocation.clientID] = nil }
      return CTL.ReleaseClientIDResponse(allocation).encoded(transaction: transaction)

    case CTL.ID.setDataFormat:
      let format = try CTL.SetDataFormatRequest(decoding: request)
      return CTL.SetDataFormatResponse(linkProtocol: format.linkProtocol).encoded(transaction: transaction)

    case CTL.ID.sync:
      clients.removeAll()
      dataCalls.removeAll()
      return CTL.SyncResponse().encoded(transaction: transaction)

    case CTL.ID.setInstanceID:
      guard var reader = request.reader(of: 0x01) else { return request.response(.missingArgument) }
      let instance = try reader.readUInt8()
      return request.answer { builder in builder.append(0x01) { $0.append(UInt16(instance)) } }

    default:
      return request.response(.invalidQMICommand)
    }
  }

  /// Ids go round 1…254, so that one just released is not given out at once: a host that still uses it gets an error.
  private mutating func allocateClientID(of service: QMIService) -> ClientID? {
    let taken = clients[service, default: [:]]
    guard taken.count < min(configuration.clientIDsPerService, 254) else { return nil }
    var candidate = nextClientIDs[service] ?? 1
    while taken[ClientID(rawValue: candidate)] != nil { candidate = candidate >= 254 ? 1 : candidate + 1 }
    nextClientIDs[service] = candidate >= 254 ? 1 : candidate + 1
    let id = ClientID(rawValue: candidate)
    clients[service, default: [:]][id] = Client()
    return id
  }
}
