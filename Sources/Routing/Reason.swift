/// Why a message went the way it did. The raw values are part of the decision log's format.
///
/// The cases stand in the order in which the rules are tried; the first that applies wins.
public enum Reason: String, Sendable, Equatable, CaseIterable {
  /// The person has not opted in.
  case disabled
  /// Not an SMS-SUBMIT that Shunt fully understands.
  case unparsed
  /// An emergency number of the SIM's or the serving network's country, or of the always-list.
  case emergency
  /// A short or service number, or one that is not international after normalising.
  case shortCode = "short-code"
  /// A message that means something to the SIM, the handset or a port rather than to a person.
  case specialMessage = "special-message"
  /// The person's rule for this number says SMS.
  case contactRule = "contact-rule"
  /// Opted in, but the registration is not finished or has lapsed.
  case notRegistered = "not-registered"
  /// The SIM or the device is not the one that was registered.
  case simChanged = "sim-changed"
  /// The policy keeps Shunt off the network while roaming.
  case roaming
  /// The policy keeps Shunt off metered networks.
  case metered
  /// No session with the relay now.
  case relayUnreachable = "relay-unreachable"
  /// Nobody is registered with this number.
  case unknownRecipient = "unknown-recipient"
  /// Registered, but not reachable now.
  case recipientOffline = "recipient-offline"
  /// The recipient's identity key is not the one pinned.
  case keyChanged = "key-changed"
  /// The relay refused: a limit, or the message's size.
  case relayRejected = "relay-rejected"
  /// Tried by IP, but not acknowledged in time.
  case noAcknowledgement = "no-acknowledgement"
  /// Acknowledged end to end.
  case recipientOnline = "recipient-online"
}
