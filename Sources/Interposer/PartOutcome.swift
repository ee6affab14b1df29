import QMI

/// What became of one part that was given to the modem.
enum PartOutcome: Hashable, Sendable {
  case sent(messageReference: UInt16?)
  case failed(SubmissionFailure)
  /// No answer, or one that says nothing.
  case unanswered

  /// Reads the modem's answer to either way of sending.
  init(_ response: QMUXFrame) {
    switch response.messageID {
    case WMS.ID.rawSend:
      guard let decoded = try? WMS.RawSendResponse(decoding: response) else { break }
      self = Self(decoded.result, decoded.messageReference, decoded.failure)
      return
    case WMS.ID.sendFromMemoryStorage:
      guard let decoded = try? WMS.SendFromMemoryStorageResponse(decoding: response) else { break }
      self = Self(decoded.result, decoded.messageReference, decoded.failure)
      return
    default: break
    }
    // Its optional fields may be odd; what counts is the result.
    self = response.result.map { Self($0, nil, nil) } ?? .unanswered
  }

  private init(_ result: QMIResult, _ reference: UInt16?, _ details: WMS.SendFailure?) {
    switch result {
    case .success: self = .sent(messageReference: reference)
    case .failure(let error): self = .failed(SubmissionFailure(error, details))
    }
  }

  init(_ failure: ModemFailure) {
    switch failure {
    case .timedOut: self = .unanswered
    case .notSent: self = .failed(SubmissionFailure(.internal))
    case .removed: self = .failed(SubmissionFailure(.deviceNotReady))
    }
  }
}
