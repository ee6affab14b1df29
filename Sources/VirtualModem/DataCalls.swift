import QMI

/// WDS, as little as is needed to see a client id that holds a data call.
extension VirtualModem {
  mutating func answerData(_ request: QMUXFrame) -> QMUXFrame {
    switch request.messageID {
    case 0x0000:  // Reset
      dataCalls[request.clientID] = nil
      return request.response(.success)

    case 0x0020:  // Start Network
      guard hasService else { return request.response(.callFailed) }
      guard dataCalls[request.clientID] == nil else { return request.response(.noEffect) }
      let handle = 0x8000_0000 | UInt32(request.clientID.rawValue)
      dataCalls[request.clientID] = handle
      return request.answer { builder in builder.append(0x01) { $0.append(handle) } }

    case 0x0021:  // Stop Network
      guard dataCalls.removeValue(forKey: request.clientID) != nil else { return request.response(.noEffect) }
      return request.response(.success)

    case 0x0022:  // Get Packet Service Status: connected, disconnected
      let status: UInt8 = dataCalls[request.clientID] == nil ? 1 : 2
      return request.answer { builder in builder.append(0x01) { $0.append(status) } }

    default:
      return request.response(.invalidQMICommand)
    }
  }
}
