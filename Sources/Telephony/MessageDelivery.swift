extension SMSDeliver {
  /// What the recipient gets of a whole message: for each submit an SMS-DELIVER, concatenated by a 16-bit reference.
  ///
  /// The wider reference takes an octet that full parts do not have to spare. Then the content is cut anew, which may give a part
  /// more; its text or data stay the same. Where that cannot be done either (the parts differ in coding or header, are compressed or
  /// not complete), they keep the reference they came with.
  /// - Parameters:
  ///   - submits: all parts of one message in order, or one message without concatenation. None gives none.
  ///   - originator: the sender's address.
  ///   - timestamp: when the message was sent, for every part.
  ///   - reference: distinguishes this message from others of the same sender.
  public static func delivers(
    _ submits: [SMSSubmit], from originator: SMSAddress, at timestamp: ServiceCentreTimestamp, reference: UInt16
  ) -> [SMSDeliver] {
    let unchanged = submits.map { SMSDeliver(delivering: $0, from: originator, at: timestamp) }
    guard let first = unchanged.first, submits.contains(where: { $0.concatenation != nil }) else { return unchanged }
    let widened = submits.compactMap { $0.userData.wideningConcatenation(reference: reference) }
    if widened.count == submits.count {
      return zip(unchanged, widened).map { SMSDeliver($0, userData: $1) }
    }
    guard let cut = recut(submits, reference: reference) else { return unchanged }
    return cut.map { SMSDeliver(first, userData: $0) }
  }

  /// The user data of a complete message, cut anew for a 16-bit reference.
  private static func recut(_ submits: [SMSSubmit], reference: UInt16) -> [UserData]? {
    guard let first = submits.first, !first.dataCodingScheme.isCompressed else { return nil }
    let elements = first.userData.header?.elementsBesidesConcatenation
    var content: [UInt8] = []
    for (index, submit) in submits.enumerated() {
      guard let place = submit.concatenation, Int(place.total) == submits.count, Int(place.number) == index + 1,
        submit.dataCodingScheme == first.dataCodingScheme, submit.protocolIdentifier == first.protocolIdentifier,
        submit.userData.header?.elementsBesidesConcatenation == elements
      else { return nil }
      switch submit.userData.content {
      case .septets(let septets): content += septets
      case .octets(let octets): content += octets
      }
    }
    let atoms =
      switch first.dataCodingScheme.alphabet {
      case .gsm7: MessageAtoms(septets: content)
      case .ucs2: MessageAtoms(ucs2: content)
      case .octets: MessageAtoms(data: content)
      }
    return atoms.userData(elements: elements ?? [], reference: reference, isWide: true)
  }
}

extension UserData {
  /// The same content and header with the concatenation's reference replaced by a 16-bit one. Nil when there is no concatenation or no
  /// room for the wider reference.
  public func wideningConcatenation(reference: UInt16) -> UserData? {
    guard let header, let place = header.concatenation,
      let wide = Concatenation(reference: reference, total: place.total, number: place.number, isWide: true),
      let wideHeader = try? UserDataHeader([wide.element] + header.elementsBesidesConcatenation)
    else { return nil }
    switch content {
    case .septets(let septets): return try? UserData(septets: septets, header: wideHeader)
    case .octets(let octets): return try? UserData(octets: octets, header: wideHeader)
    }
  }
}
