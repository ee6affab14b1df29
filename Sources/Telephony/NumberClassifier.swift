/// What a dialled string is, by the rules of the subscriber's home and serving countries. Pure: same input, same answer.
public protocol NumberClassifier {
  /// - Parameters:
  ///   - dialled: digits, maybe with a leading `+`; see ``SMSAddress/dialString``.
  ///   - home: ISO 3166 alpha-2 code of the SIM's country, by which a national number is completed.
  ///   - serving: the same of the network that serves the device now, whose emergency numbers count as well.
  func classify(_ dialled: String, home: String?, serving: String?) -> DialledNumber
}

/// The kinds of destination that decisions are made on.
public enum DialledNumber: Equatable, Sendable {
  /// An emergency number at home or where the device is.
  case emergency
  /// A short or service number, meant for this operator only.
  case short
  /// A subscriber, by the whole number.
  case international(PhoneNumber)
  /// Nothing that can be completed to a subscriber's number.
  case unroutable
}
