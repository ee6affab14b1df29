internal import Crypto
internal import Foundation
internal import Glibc
internal import SwiftASN1
internal import X509

/// A CA of the relay's own and the certificate it gives the relay, as PEM texts. Devices trust this CA and no other
/// (design section 8), so no public one is needed.
struct CertificateIssuer {
  let caCertificate: String
  let caKey: String
  let certificate: String
  let key: String

  /// How long both are good for: there is no one to renew them on a board.
  static let years = 10

  /// - Parameter hosts: names and addresses by which devices reach the relay; at least one.
  init(hosts: [String]) throws {
    let names = try hosts.map(Self.name)
    // An hour back: a device's clock may be behind.
    let start = Date(timeIntervalSinceNow: -3600)
    let end = Date(timeIntervalSinceNow: Double(Self.years) * 365.25 * 86_400)
    let issuerKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let issuer = try DistinguishedName { CommonName("Shunt relay CA") }
    let issuerIdentifier = SubjectKeyIdentifier(hash: issuerKey.publicKey)
    let authority = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: issuerKey.publicKey, notValidBefore: start,
      notValidAfter: end, issuer: issuer, subject: issuer,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true))
        issuerIdentifier
      }, issuerPrivateKey: issuerKey)
    let leafKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let leaf = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: leafKey.publicKey, notValidBefore: start,
      notValidAfter: end, issuer: issuer, subject: try DistinguishedName { CommonName("Shunt relay") },
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage([.serverAuth])
        SubjectAlternativeNames(names)
        SubjectKeyIdentifier(hash: leafKey.publicKey)
        AuthorityKeyIdentifier(keyIdentifier: issuerIdentifier.keyIdentifier)
      }, issuerPrivateKey: issuerKey)
    caCertificate = try authority.serializeAsPEM().pemString + "\n"
    caKey = try issuerKey.serializeAsPEM().pemString + "\n"
    certificate = try leaf.serializeAsPEM().pemString + "\n"
    key = try leafKey.serializeAsPEM().pemString + "\n"
  }

  private static func name(_ host: String) throws(RelayError) -> GeneralName {
    if let octets = addressOctets(host) { return .ipAddress(ASN1OctetString(contentBytes: octets[...])) }
    let labels = host.split(separator: ".", omittingEmptySubsequences: false)
    let isName = host.utf8.count <= 253 && labels.allSatisfy { label in
      (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
        && label.utf8.allSatisfy { octet in
          switch octet {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
          default: false
          }
        }
    }
    guard isName else { throw .badHost(host) }
    return .dnsName(host)
  }

  /// 4 or 16 octets when the text is an IP address.
  private static func addressOctets(_ text: String) -> [UInt8]? {
    for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
      var octets = [UInt8](repeating: 0, count: count)
      if inet_pton(family, text, &octets) == 1 { return octets }
    }
    return nil
  }
}
