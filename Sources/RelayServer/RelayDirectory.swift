internal import Crypto
internal import Glibc
internal import NIOSSL
internal import RelayProtocol
internal import Sealing

/// The directory that holds all of a relay: `shunt-relay init DIR` makes it, `shunt-relay serve DIR` runs it,
/// `shunt-relay rotate DIR` replaces its number-token key.
public struct RelayDirectory: Sendable {
  public let path: String

  public init(path: String) {
    // A slash at the end would show in every message.
    var trimmed = path
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
    self.path = trimmed
  }

  /// Public: what devices get as `ca=` of their settings.
  public var trustPath: String { "\(path)/ca.pem" }
  /// The CA's private key; `serve` never reads it and it may be kept elsewhere.
  public var caKeyPath: String { "\(path)/ca-key.pem" }
  public var certificatePath: String { "\(path)/relay.pem" }
  public var keyPath: String { "\(path)/relay-key.pem" }
  /// Number-token keys and registration key.
  public var secretsPath: String { "\(path)/secrets.pem" }
  public var databasePath: String { "\(path)/relay.db" }

  // MARK: init

  /// By what devices on the same machine and in the same network reach this host.
  public static var defaultHosts: [String] {
    var name = [CChar](repeating: 0, count: 256)
    var hosts = ["localhost", "127.0.0.1", "::1"]
    if gethostname(&name, name.count - 1) == 0 {
      let text = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      if !text.isEmpty, !hosts.contains(text) { hosts.append(text) }
    }
    return hosts
  }

  /// Makes new keys, a CA and the relay's certificate. Overwrites nothing; blocks for a moment.
  public func create(hosts: [String]) throws(RelayError) {
    for file in [trustPath, caKeyPath, certificatePath, keyPath, secretsPath, databasePath] where FileIO.exists(file) {
      throw .alreadyThere(path: file)
    }
    let issuer: CertificateIssuer
    let keys: RelayKeys
    let trust: RelayTrust
    do {
      issuer = try CertificateIssuer(hosts: hosts)
      keys = try RelayKeys()
      trust = try keys.trust(certificatePEM: issuer.caCertificate)
    } catch let error as RelayError {
      throw error
    } catch {
      throw .cannotWrite(path: path, reason: "making keys failed: \(error)")
    }
    try FileIO.makeDirectory(path)
    try FileIO.create(caKeyPath, issuer.caKey, mode: 0o600)
    try FileIO.create(keyPath, issuer.key, mode: 0o600)
    try FileIO.create(secretsPath, keys.pemText, mode: 0o600)
    try FileIO.create(certificatePath, issuer.certificate, mode: 0o644)
    // Last: a directory with this file is whole.
    try FileIO.create(trustPath, trust.pemText, mode: 0o644)
  }

  // MARK: serve

  struct Contents {
    var certificates: [NIOSSLCertificate]
    var key: NIOSSLPrivateKey
    var keyHash: CertificateKeyHash
    var keys: RelayKeys
  }

  /// Reads and checks all that serving needs.
  func load() throws(RelayError) -> Contents {
    let (keys, _) = try loadKeys()
    let certificateOctets = try FileIO.read(certificatePath)
    guard let certificates = try? NIOSSLCertificate.fromPEMBytes(certificateOctets), let leaf = certificates.first,
      let keyInfo = try? leaf.extractPublicKey().toSPKIBytes(),
      let keyHash = try? CertificateKeyHash(Array(SHA256.hash(data: keyInfo)))
    else { throw .invalid(path: certificatePath, reason: "no PEM certificate") }
    let keyOctets = try FileIO.read(keyPath, isSecret: true)
    guard let key = try? NIOSSLPrivateKey(bytes: keyOctets, format: .pem) else {
      throw .invalid(path: keyPath, reason: "no PEM private key")
    }
    return Contents(certificates: certificates, key: key, keyHash: keyHash, keys: keys)
  }

  /// The relay's own keys, and what devices are given of them.
  func loadKeys() throws(RelayError) -> (RelayKeys, RelayTrust) {
    guard FileIO.isDirectory(path), FileIO.exists(trustPath) else { throw .noRelay(directory: path) }
    let keys: RelayKeys
    do {
      keys = try RelayKeys(pemText: try text(secretsPath, isSecret: true))
    } catch let error as KeyFileError {
      throw .invalid(path: secretsPath, reason: "\(error)")
    } catch let error as RelayError {
      throw error
    } catch {
      throw .invalid(path: secretsPath, reason: "\(error)")
    }
    let trust: RelayTrust
    do {
      trust = try RelayTrust(pemText: try text(trustPath))
    } catch let error as RelayError {
      throw error
    } catch {
      throw .invalid(path: trustPath, reason: "\(error)")
    }
    // Devices would refuse every answer of a relay with other keys: better said at the start. A key that they are not
    // told of yet, in the middle of a rotation, does no harm.
    guard let expected = try? keys.trust(certificatePEM: try text(trustPath)), trust.isPart(of: expected) else {
      throw .invalid(path: trustPath, reason: "its keys are not those of \(secretsPath)")
    }
    return (keys, trust)
  }

  func text(_ path: String, isSecret: Bool = false) throws(RelayError) -> String {
    guard let text = String(validating: try FileIO.read(path, isSecret: isSecret), as: UTF8.self) else {
      throw .invalid(path: path, reason: "not text")
    }
    return text
  }
}
