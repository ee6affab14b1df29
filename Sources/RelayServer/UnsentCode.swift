internal import CRelay
internal import Telephony

/// A number and the code for it, from the opening of a registration until the code is sent. In memory of its own, which is overwritten
/// when the last reference goes; a `String` would leave copies wherever it passed.
final class UnsentCode: @unchecked Sendable {
  // Sendable, for nothing changes between init and deinit.
  private let octets: UnsafeMutableRawBufferPointer
  private let numberOctetCount: Int

  /// Call it, as all of this type, in an ``Erasure/scope(_:)``.
  init(_ number: PhoneNumber, code: String) {
    let number = number.e164.utf8
    numberOctetCount = number.count
    octets = .allocate(byteCount: number.count + code.utf8.count, alignment: 1)
    for (index, octet) in number.enumerated() { octets[index] = octet }
    for (index, octet) in code.utf8.enumerated() { octets[number.count + index] = octet }
  }

  deinit {
    cr_erase(octets.baseAddress, octets.count)
    octets.deallocate()
  }

  var number: PhoneNumber {
    guard let number = try? PhoneNumber(e164: String(decoding: octets[..<numberOctetCount], as: UTF8.self)) else {
      preconditionFailure("made from a number")
    }
    return number
  }

  var code: String { String(decoding: octets[numberOctetCount...], as: UTF8.self) }
}
