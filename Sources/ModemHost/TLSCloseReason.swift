/// Why a ``TLSConnection`` ended.
public struct TLSCloseReason: Equatable, Sendable, CustomStringConvertible {
  public enum Kind: Equatable, Sendable {
    /// The peer ended an established connection in an orderly way, or just hung up.
    case closedByPeer
    /// The CA file can't be read or holds no certificate.
    case configuration
    /// The host name does not resolve.
    case name
    /// No address of the host accepts the connection.
    case connect
    /// Not ready within the connect timeout.
    case timeout
    /// The peer's certificate is not one to trust.
    case certificate
    /// No TLS 1.3, no common application protocol, or broken records.
    case `protocol`
    /// The established connection broke.
    case io
  }

  public var kind: Kind
  /// One line, without a final full stop, for people.
  public var text: String

  public init(kind: Kind, text: String) {
    self.kind = kind
    self.text = text
  }

  public var description: String { text }
}
