/// The wireless messaging service: text messages in the modem. Field layouts as in libqmi's `qmi-service-wms.json`.
public enum WMS {
  public enum ID {
    @inlinable public static var reset: MessageID { 0x0000 }
    /// Set Event Report as a request, Event Report as an indication.
    @inlinable public static var eventReport: MessageID { 0x0001 }
    @inlinable public static var getSupportedMessages: MessageID { 0x001E }
    @inlinable public static var rawSend: MessageID { 0x0020 }
    @inlinable public static var rawWrite: MessageID { 0x0021 }
    @inlinable public static var rawRead: MessageID { 0x0022 }
    @inlinable public static var modifyTag: MessageID { 0x0023 }
    @inlinable public static var delete: MessageID { 0x0024 }
    @inlinable public static var getMessageProtocol: MessageID { 0x0030 }
    @inlinable public static var listMessages: MessageID { 0x0031 }
    @inlinable public static var setRoutes: MessageID { 0x0032 }
    @inlinable public static var getRoutes: MessageID { 0x0033 }
    @inlinable public static var getSMSCAddress: MessageID { 0x0034 }
    @inlinable public static var sendAck: MessageID { 0x0037 }
    @inlinable public static var sendFromMemoryStorage: MessageID { 0x0042 }
  }
}
