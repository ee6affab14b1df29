internal import Crypto
internal import CryptoExtras
internal import FoundationEssentials
public import RelayProtocol
public import Telephony

/// A number made slow to guess: scrypt (RFC 7914; N = 2^14, r = 8, p = 1, 32 octets) over its E.164 form with the
/// relay's salt (design, section 7). Personal data.
///
/// Making one takes some 40 ms and 16 MiB. The library frees the memory before `init` returns; whether the allocator
/// gives it back to the system is the shell's setting (`ModemHost.ProcessMemory`).
public struct StretchedNumber: Hashable, Sendable, Secret {
  let octets: [UInt8]

  static let rounds = 1 << 14
  static let blockSize = 8
  static let parallelism = 1
  static let octetCount = 32

  public init(_ number: PhoneNumber, salt: NumberSalt) throws(SealingError) {
    self.init(
      stretched: try Scrypt.derive(
        from: Array(number.e164.utf8), salt: salt.octets, octetCount: Self.octetCount, rounds: Self.rounds,
        blockSize: Self.blockSize, parallelism: Self.parallelism))
  }

  init(stretched octets: [UInt8]) { self.octets = octets }
}

enum Scrypt {
  static func derive(
    from password: [UInt8], salt: [UInt8], octetCount: Int, rounds: Int, blockSize: Int, parallelism: Int
  ) throws(SealingError) -> [UInt8] {
    do {
      let key = try KDF.Scrypt.deriveKey(
        from: password, salt: salt, outputByteCount: octetCount, rounds: rounds, blockSize: blockSize,
        parallelism: parallelism)
      return key.withUnsafeBytes { [UInt8]($0) }
    } catch {
      throw .internalFailure("scrypt")
    }
  }
}
