import QMI

/// What the modem implements, per service. Any other message is an invalid QMI command to it.
enum ServedMessages {
  static let getSupportedMessages: MessageID = 0x001E

  /// The versions told by CTL Version Info; those of the modems ModemManager 1.20 was written for.
  static let versions: [CTL.ServiceVersion] = [
    .init(service: .control, major: 1, minor: 5),
    .init(service: .wds, major: 1, minor: 67),
    .init(service: .dms, major: 1, minor: 14),
    .init(service: .nas, major: 1, minor: 25),
    .init(service: .wms, major: 1, minor: 10),
    .init(service: .voice, major: 2, minor: 1),
    .init(service: .uim, major: 1, minor: 46),
    .init(service: .wda, major: 1, minor: 16),
  ]

  /// Nil for a service that the modem does not have.
  static func of(_ service: QMIService) -> Set<MessageID>? {
    switch service {
    case .dms: dms
    case .nas: nas
    case .uim: uim
    case .wms: wms
    case .wds: wds
    case .voice, .wda: [getSupportedMessages]
    default: nil
    }
  }

  private static let dms: Set<MessageID> = [
    0x0000, 0x0001, 0x001E, 0x0020, 0x0021, 0x0022, 0x0023, 0x0024, 0x0025, 0x0026, 0x002B, 0x002C, 0x002D, 0x002E,
    0x002F, 0x0031, 0x0034, 0x0037, 0x0038, 0x003C, 0x0040, 0x0043, 0x0044, 0x0045, 0x0046, 0x0047, 0x0049, 0x004F,
    0x004C, 0x0051,
  ]

  private static let nas: Set<MessageID> = [
    0x0000, 0x0002, 0x0003, 0x001E, 0x0020, 0x0021, 0x0022, 0x0023, 0x0024, 0x0025, 0x0026, 0x002B, 0x0031, 0x0033,
    0x0034, 0x0039, 0x0043, 0x0044, 0x004D, 0x004F, 0x0050, 0x005A, 0x0067, 0x006C, 0x0089, 0x00AC,
  ]

  private static let uim: Set<MessageID> = [
    0x0000, 0x001E, 0x0020, 0x0021, 0x0024, 0x002A, 0x002C, 0x002E, 0x002F, 0x003A, 0x0044, 0x0047,
  ]

  private static let wms: Set<MessageID> = [
    WMS.ID.reset, WMS.ID.eventReport, WMS.ID.getSupportedMessages, WMS.ID.rawSend, WMS.ID.rawWrite, WMS.ID.rawRead,
    WMS.ID.modifyTag, WMS.ID.delete, WMS.ID.getMessageProtocol, WMS.ID.listMessages, WMS.ID.setRoutes, WMS.ID.getRoutes,
    WMS.ID.getSMSCAddress, WMS.ID.sendAck, WMS.ID.sendFromMemoryStorage,
  ]

  private static let wds: Set<MessageID> = [0x0000, 0x001E, 0x0020, 0x0021, 0x0022]
}
