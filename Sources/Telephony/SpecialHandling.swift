/// What makes a message more than text between two people, so that only the carrier can treat it as its sender means.
public enum SpecialHandling: Equatable, Sendable {
  /// TP-DCS names a class: flash, SIM, equipment or terminal.
  case messageClass(DataCodingScheme.MessageClass)
  /// TP-DCS switches a message waiting indication.
  case messageWaiting
  /// TP-DCS asks that the message be deleted once read.
  case automaticDeletion
  /// The header names an application port.
  case portAddressed
  /// TP-PID or the header speaks to the SIM.
  case simDataDownload
  /// TP-RP.
  case replyPath
  /// TP-PID replaces an earlier message.
  case replaceType
  /// TP-PID asks for something else: fax, mail, type 0 and so on.
  case otherProtocol(ProtocolIdentifier)
  /// The header has an element that the service centre or the receiver would act on.
  case otherElement(InformationElement.Identifier)
}

extension SMSSubmit {
  /// Why only the carrier can handle this message; nil for plain text or data.
  public var specialHandling: SpecialHandling? {
    if let messageClass = dataCodingScheme.messageClass { return .messageClass(messageClass) }
    if dataCodingScheme.isMessageWaitingIndication { return .messageWaiting }
    if dataCodingScheme.group == .automaticDeletion { return .automaticDeletion }
    if hasReplyPath { return .replyPath }
    if protocolIdentifier.isReplaceType { return .replaceType }
    if protocolIdentifier == .simDataDownload { return .simDataDownload }
    if protocolIdentifier != .shortMessage { return .otherProtocol(protocolIdentifier) }
    for element in userData.header?.elements ?? [] {
      switch element.identifier {
      case .concatenation8, .concatenation16, .nationalLanguageSingleShift, .nationalLanguageLockingShift, .hyperlink: continue
      case .ports8, .ports16: return .portAddressed
      case let identifier where identifier.isToolkitSecurity: return .simDataDownload
      // Text formatting, pictures and sounds (EMS) are content.
      case let identifier where (0x0A...0x1F).contains(identifier.rawValue): continue
      case let identifier: return .otherElement(identifier)
      }
    }
    return nil
  }
}
