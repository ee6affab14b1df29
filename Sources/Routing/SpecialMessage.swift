internal import Telephony

/// Messages that only the carrier can deliver, because they mean something to the SIM, the handset or a
/// port rather than to a person, or ask for something that only a service centre does (rule 5).
enum SpecialMessage {
  static func isSpecial(_ submit: SMSSubmit) -> Bool {
    // Replace types, telematic interworking, SIM data download (TS 23.040 §9.2.3.9).
    if submit.protocolIdentifier != .shortMessage { return true }
    if submit.hasReplyPath { return true }
    let scheme = submit.dataCodingScheme
    // A message class says which memory to use or to flash (TS 23.038 §4); class 1 is the device's own memory,
    // yet a client that names it asks for something other than the ordinary.
    if scheme.messageClass != nil || scheme.isMessageWaitingIndication || scheme.isReserved || scheme.isCompressed {
      return true
    }
    // Ports carry MMS notifications and OTA settings; other elements are not ours to interpret.
    guard let header = submit.userData.header else { return false }
    return !header.elements.allSatisfy { isOrdinary($0.identifier) }
  }

  private static func isOrdinary(_ identifier: InformationElement.Identifier) -> Bool {
    switch identifier {
    case .concatenation8, .concatenation16, .nationalLanguageSingleShift, .nationalLanguageLockingShift: true
    default: false
    }
  }
}
