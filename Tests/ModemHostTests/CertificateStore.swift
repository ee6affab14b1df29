import Glibc
import Testing

/// Certificates made by the openssl command for one test.
final class CertificateStore {
  let directory = TestDirectory()

  init() throws {
    try makeAuthority("ca")
  }

  /// What clients trust.
  var authorityFile: String { directory.file("ca.pem") }

  func makeAuthority(_ name: String) throws {
    _ = try Child.run([
      "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "10",
      "-subj", "/CN=\(name)", "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", directory.file("\(name).key"),
      "-out", directory.file("\(name).pem"),
    ])
  }

  /// A server certificate `NAME.pem` with its key.
  func issue(
    _ name: String, for subjects: String = "DNS:localhost,IP:127.0.0.1,IP:::1", by authority: String = "ca",
    days: Int = 10
  ) throws {
    _ = try Child.run([
      "openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(name)",
      "-keyout", directory.file("\(name).key"), "-out", directory.file("\(name).csr"),
    ])
    directory.write("subjectAltName=\(subjects)\nbasicConstraints=CA:FALSE\n", to: "\(name).ext")
    _ = try Child.run([
      "openssl", "x509", "-req", "-in", directory.file("\(name).csr"), "-CA", directory.file("\(authority).pem"),
      "-CAkey", directory.file("\(authority).key"), "-CAcreateserial", "-days", "\(days)", "-extfile",
      directory.file("\(name).ext"), "-out", directory.file("\(name).pem"),
    ])
  }

  /// SHA-256 of a certificate's SubjectPublicKeyInfo as the openssl command computes it, in hexadecimal.
  func keyHash(_ name: String) throws -> String {
    let text = try Child.run([
      "sh", "-c",
      "openssl x509 -in '\(directory.file("\(name).pem"))' -noout -pubkey | openssl pkey -pubin -outform DER "
        + "| openssl dgst -sha256 -r",
    ])
    return String(text.prefix { $0 != " " })
  }
}

/// A real `openssl s_server` on a free port.
struct TLSServer {
  let child: Child
  let port: UInt16

  init(
    _ certificates: CertificateStore, certificate: String = "server", at address: String = "127.0.0.1", port: UInt16 = 0,
    options: [String] = ["-alpn", "shunt/1", "-tls1_3"]
  ) throws {
    child = try Child(
      [
        "openssl", "s_server", "-accept", "\(address):\(port)", "-cert",
        certificates.directory.file("\(certificate).pem"), "-key", certificates.directory.file("\(certificate).key"),
      ] + options)
    // The command says where it listens: "ACCEPT 127.0.0.1:40123", "ACCEPT [::1]:40123".
    var found: UInt16?
    for _ in 0..<1000 where found == nil {
      usleep(5000)
      let line = child.text.split(separator: "\n").first { $0.hasPrefix("ACCEPT ") }
      found = line.flatMap { $0.split(separator: ":").last }.flatMap { UInt16($0) }
    }
    self.port = try #require(found, "\(child.text)")
  }
}
