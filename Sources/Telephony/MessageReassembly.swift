extension SMSDeliver {
  /// What the recipient gets of a whole message: one SMS-DELIVER for each submit, concatenated by a 16-bit reference.
  public static func delivers(
    _ submits: [SMSSubmit], from originator: SMSAddress, at timestamp: ServiceCentreTimestamp, reference: UInt16
  ) -> [SMSDeliver] {
    fatalError()
  }
}
