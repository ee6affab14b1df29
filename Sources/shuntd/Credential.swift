internal import Glibc
internal import Handset
internal import ModemHost
internal import Sealing

/// The identity key as systemd gives it: decrypted, in a directory that only this service sees (systemd.exec(5), `LoadCredentialEncrypted=`).
enum Credential {
  static let name = "identity-key"
  static let octetCount = 32

  /// Without such a file the key is in the state directory. A file that is no key is not passed over in silence for the one there.
  static func identityKey(_ notes: inout [(Journal.Level, String)]) -> IdentityKeySource {
    guard let directory = getenv("CREDENTIALS_DIRECTORY") else { return .stateDirectory }
    let path = "\(String(cString: directory))/\(name)"
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let error = SystemError(number: errno)
      if error.number == ENOENT { return .stateDirectory }
      notes.append((.error, "the credential \(path) can't be read: \(error); texts go by the carrier"))
      return .credential(nil)
    }
    defer { close(descriptor) }
    var octets = [UInt8](repeating: 0, count: octetCount + 1)
    let count = octets.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
    guard count == octetCount, let key = try? IdentityKey(rawRepresentation: Array(octets.prefix(count))) else {
      notes.append((.error, "the credential \(path) is no key of \(octetCount) octets; texts go by the carrier"))
      return .credential(nil)
    }
    return .credential(key)
  }

  /// A new key on standard output, for `systemd-creds encrypt`.
  static func writeNewIdentityKey() {
    guard isatty(STDOUT_FILENO) == 0 else {
      Main.fail(
        "--new-identity-key writes a secret, and not to a terminal; use it as: shuntd --new-identity-key | "
          + "systemd-creds encrypt --name=\(name) - FILE", ExitStatus.usage)
    }
    guard let key = try? IdentityKey() else { Main.fail("no key could be made", ExitStatus.software) }
    let octets = key.rawRepresentation
    let count = octets.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    guard count == octets.count else { Main.fail("the key could not be written", ExitStatus.output) }
  }
}
