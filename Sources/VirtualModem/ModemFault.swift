public import QMI

/// Something that a ``VirtualModem`` does wrong on request, so that a test can see what its host makes of it.
public struct ModemFault: Hashable, Sendable {
  public enum Effect: Hashable, Sendable {
    /// The request is never answered and has no effect.
    case silence
    /// The request is answered with this error and has no effect.
    case failure(QMIError)
    /// The request has its effect at once, the answer comes this much later.
    case delay(Duration)
  }

  /// The service whose requests are meant; ``QMIService/control`` included.
  public var service: QMIService
  /// The request meant, nil for every request of the service.
  public var message: MessageID?
  public var effect: Effect
  /// For how many requests the fault lasts; nil for ever.
  public var remainingCount: Int?

  public init(service: QMIService, message: MessageID? = nil, effect: Effect, count: Int? = nil) {
    self.service = service
    self.message = message
    self.effect = effect
    self.remainingCount = count
  }

  func applies(to request: QMUXFrame) -> Bool {
    guard service == request.service, remainingCount != 0 else { return false }
    return message.map { $0 == request.messageID } ?? true
  }
}
