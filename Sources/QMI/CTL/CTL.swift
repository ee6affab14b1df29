/// The control service: client ids and the link itself. Field layouts as in libqmi's `qmi-service-ctl.json`.
public enum CTL {
  public enum ID {
    @inlinable public static var setInstanceID: MessageID { 0x0020 }
    @inlinable public static var versionInfo: MessageID { 0x0021 }
    @inlinable public static var allocateClientID: MessageID { 0x0022 }
    @inlinable public static var releaseClientID: MessageID { 0x0023 }
    @inlinable public static var setDataFormat: MessageID { 0x0026 }
    @inlinable public static var sync: MessageID { 0x0027 }
    /// Between libqmi and a proxy only; never reaches a modem.
    @inlinable public static var proxyOpen: MessageID { 0xFF00 }
    /// From libqmi 1.34, for services beyond 8 bits: allocate a client id through the proxy.
    @inlinable public static var internalAllocateClientIDQRTR: MessageID { 0xFF22 }
    /// From libqmi 1.34, for services beyond 8 bits: release a client id through the proxy.
    @inlinable public static var internalReleaseClientIDQRTR: MessageID { 0xFF23 }
  }

  /// A service in one of its versions.
  public struct ServiceVersion: Hashable, Sendable {
    public var service: QMIService
    public var major: UInt16
    public var minor: UInt16

    public init(service: QMIService, major: UInt16, minor: UInt16) {
      self.service = service
      self.major = major
      self.minor = minor
    }
  }
}
