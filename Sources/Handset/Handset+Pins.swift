internal import RelayProtocol
internal import Sealing
internal import Telephony

/// Whose key is whose.
extension Handset {
  /// Somebody uses an identity key for a number; the person is told when it is another than before.
  mutating func meet(_ key: IdentityPublicKey, of number: PhoneNumber) -> PinBook.Meeting {
    let meeting = pins.meet(key, of: number, wall: wall)
    if let octets = pins.takeUnwritten() { write(.pins, octets) }
    switch meeting {
    case .pinned, .changed(isNews: false): break
    case .changed(isNews: true):
      note(
        .warning,
        "the identity key of \(number.masked) has changed; texts go by the carrier until it is trusted, see: shuntctl fingerprint")
      act(.keyChanged(number))
    case .noRoom:
      if !hasToldOfFullPins, !pins.isDamaged {
        note(.warning, "\(PinBook.capacity) contacts' keys are kept; texts to and from others go by the carrier")
        hasToldOfFullPins = true
      }
    }
    statusMayHaveChanged()
    return meeting
  }

  /// The key to seal to without asking the relay first: one found lately, of the identity that is pinned.
  func knownKeyPackage(of number: PhoneNumber) -> VerifiedKeyPackage? {
    guard let package = contacts.keyPackage(of: number, now: now), pins[number]?.key == package.keyPackage.identityKey
    else { return nil }
    return package
  }

  // MARK: asked by a person

  mutating func fingerprint(of typed: String, _ call: HandsetCall) {
    do throws(HandsetError) {
      let contact = try pinned(typed)
      act(.reply(call, .row(fingerprints(of: contact))))
    } catch {
      act(.reply(call, .error(error)))
    }
  }

  /// - Parameter fingerprint: of the changed key, as the person has compared it, in hexadecimal.
  mutating func trust(_ typed: String, fingerprint: String, _ call: HandsetCall) {
    do throws(HandsetError) {
      let contact = try pinned(typed)
      guard let changed = contact.pin.changed else {
        throw HandsetError(.notChanged, "the identity key of that number has not changed; there is nothing to trust anew")
      }
      guard KeyFingerprint(changed, of: contact.number).isHexadecimal(fingerprint) else {
        throw HandsetError(.otherKey, "that is not the fingerprint of the key seen last; compare again: shuntctl fingerprint")
      }
      pins.trustChanged(of: contact.number, wall: wall)
      if let octets = pins.takeUnwritten() { write(.pins, octets) }
      contacts.forget(contact.number)
      note(.notice, "the changed identity key of \(contact.number.masked) is trusted from now on")
      let trusted = try pinned(typed)
      act(.reply(call, .row(fingerprints(of: trusted))))
      statusMayHaveChanged()
    } catch {
      act(.reply(call, .error(error)))
    }
  }

  private struct PinnedContact {
    let number: PhoneNumber
    let pin: PinBook.Pin
    let ownNumber: PhoneNumber
    let ownKey: IdentityPublicKey
  }

  private mutating func pinned(_ typed: String) throws(HandsetError) -> PinnedContact {
    guard enrolment.isEnabled, let ownNumber = enrolment.number, let identityKey else {
      throw HandsetError(.notEnabled, "Shunt is not enabled; start with: shuntctl enable --number …")
    }
    guard !pins.isDamaged else { throw HandsetError(.storage, Self.damagedPins) }
    guard case .international(let number) = classify(Self.digits(typed), identity.known?.homeRegion, nil) else {
      throw HandsetError(.badNumber, "that is not a phone number; use the form +91…")
    }
    guard let pin = pins[number] else {
      throw HandsetError(.notPinned, "no key of that number is known yet: no text has gone there, or come from there, by IP; send one first")
    }
    return PinnedContact(number: number, pin: pin, ownNumber: ownNumber, ownKey: identityKey.publicKey)
  }

  private func fingerprints(of contact: PinnedContact) -> [HandsetField] {
    let own = KeyFingerprint(contact.ownKey, of: contact.ownNumber)
    let pinned = KeyFingerprint(contact.pin.key, of: contact.number)
    var fields = [
      HandsetField("number", contact.number.e164),
      HandsetField("state", contact.pin.changed == nil ? "pinned" : "changed"),
    ]
    if let milliseconds = Int64(exactly: contact.pin.since).map({ $0.multipliedReportingOverflow(by: 1000) }),
      !milliseconds.overflow
    {
      fields.append(HandsetField("since", WallTime(millisecondsSince1970: milliseconds.partialValue).rfc3339))
    }
    fields += [
      HandsetField("own_fingerprint", own.hexadecimal), HandsetField("fingerprint", pinned.hexadecimal),
      HandsetField("digits", KeyFingerprint.digits(own, pinned)),
    ]
    if let key = contact.pin.changed {
      let changed = KeyFingerprint(key, of: contact.number)
      fields += [
        HandsetField("new_fingerprint", changed.hexadecimal),
        HandsetField("new_digits", KeyFingerprint.digits(own, changed)),
      ]
    }
    return fields
  }

  static var damagedPins: String {
    "the file \(StateFile.pins.rawValue) can't be read, so no key can be told from another; texts go by the carrier until Shunt is disabled and enabled again"
  }
}
