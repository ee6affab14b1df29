/// A QMI service: one group of messages with its own client ids, as one octet in the QMUX header.
///
/// The set is open. Vendors add services, so an unknown value is kept and forwarded.
public struct QMIService: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
  public let rawValue: UInt8

  @inlinable
  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  @inlinable
  public init(integerLiteral value: UInt8) {
    self.rawValue = value
  }

  /// CTL: client id allocation and other matters of the link itself. Its header is one octet shorter than that of the rest.
  @inlinable public static var control: QMIService { 0x00 }
  /// WDS: data connections.
  @inlinable public static var wds: QMIService { 0x01 }
  /// DMS: the device, its identity and power.
  @inlinable public static var dms: QMIService { 0x02 }
  /// NAS: registration with the network.
  @inlinable public static var nas: QMIService { 0x03 }
  /// QOS: quality of service.
  @inlinable public static var qos: QMIService { 0x04 }
  /// WMS: text messages.
  @inlinable public static var wms: QMIService { 0x05 }
  /// PDS: position.
  @inlinable public static var pds: QMIService { 0x06 }
  /// Voice calls and supplementary services.
  @inlinable public static var voice: QMIService { 0x09 }
  /// UIM: the SIM card.
  @inlinable public static var uim: QMIService { 0x0B }
  /// PBM: phone books.
  @inlinable public static var pbm: QMIService { 0x0C }
  /// LOC: position, second edition.
  @inlinable public static var loc: QMIService { 0x10 }
  /// WDA: the data port.
  @inlinable public static var wda: QMIService { 0x1A }
}

extension QMIService: CustomStringConvertible {
  /// The usual short name, or the number in hexadecimal.
  public var description: String {
    switch self {
    case .control: "ctl"
    case .wds: "wds"
    case .dms: "dms"
    case .nas: "nas"
    case .qos: "qos"
    case .wms: "wms"
    case .pds: "pds"
    case .voice: "voice"
    case .uim: "uim"
    case .pbm: "pbm"
    case .loc: "loc"
    case .wda: "wda"
    default: hexadecimal(rawValue, digits: 2)
    }
  }
}
