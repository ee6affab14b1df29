internal import FoundationEssentials
internal import RelayProtocol
internal import SwiftProtobuf
public import Telephony

/// What one text message says, between two devices only: relay.proto's `SealedContent`.
public struct MessageContent: Hashable, Sendable, Secret {
  /// Claimed by the sender. The recipient believes it only when its token is the one the relay vouches for
  /// (``RelayProtocol/IncomingMessage/senderToken``).
  public var senderNumber: PhoneNumber
  /// By the sender's clock.
  public var sent: WallTime
  /// 1 to ``maximumParts``, in order.
  public var parts: [MessagePart]

  /// A concatenated message has at most 255 parts (TS 23.040, section 9.2.3.24.1).
  public static let maximumParts = 255

  public init(senderNumber: PhoneNumber, sent: WallTime, parts: [MessagePart]) {
    self.senderNumber = senderNumber
    self.sent = sent
    self.parts = parts
  }
}

/// What SMS-SUBMIT and SMS-DELIVER share: one part of a message (TS 23.040, section 9.2.3). Only its sizes are checked
/// here; `Telephony` reads the rest.
public struct MessagePart: Hashable, Sendable, Secret {
  /// TP-PID.
  public var protocolIdentifier: UInt8
  /// TP-DCS.
  public var dataCodingScheme: UInt8
  /// TP-UDHI.
  public var hasUserDataHeader: Bool
  /// TP-UDL: septets or octets, by the coding scheme; at most 160.
  public var userDataLength: UInt8
  /// TP-UD, at most ``maximumUserDataOctetCount`` octets: as many as ``userDataLength`` says, octets or septets.
  public var userData: [UInt8]

  public static let maximumUserDataOctetCount = 140
  public static let maximumUserDataLength = 160

  public init(
    protocolIdentifier: UInt8, dataCodingScheme: UInt8, hasUserDataHeader: Bool, userDataLength: UInt8,
    userData: [UInt8]
  ) {
    self.protocolIdentifier = protocolIdentifier
    self.dataCodingScheme = dataCodingScheme
    self.hasUserDataHeader = hasUserDataHeader
    self.userDataLength = userDataLength
    self.userData = userData
  }

  /// Whether the sizes are those of a part that can exist.
  var hasValidSizes: Bool {
    let length = Int(userDataLength)
    return userData.count <= Self.maximumUserDataOctetCount && length <= Self.maximumUserDataLength
      && (userData.count == length || userData.count == (length * 7 + 7) / 8)
  }
}

extension MessageContent {
  /// - Throws: ``SealingError/badContent(_:)``.
  func encoded() throws(SealingError) -> [UInt8] {
    guard 1...Self.maximumParts ~= parts.count, parts.allSatisfy(\.hasValidSizes) else { throw .badContent("parts") }
    guard let milliseconds = UInt64(exactly: sent.millisecondsSince1970) else { throw .badContent("time sent") }
    let wire = WireSealedContent.with {
      $0.protocolVersion = RelayFrame.protocolVersion
      $0.senderNumber = senderNumber.e164
      $0.sentMs = milliseconds
      $0.parts = parts.map { part in
        WireMessagePart.with {
          $0.protocolIdentifier = UInt32(part.protocolIdentifier)
          $0.dataCodingScheme = UInt32(part.dataCodingScheme)
          $0.hasUserDataHeader_p = part.hasUserDataHeader
          $0.userDataLength = UInt32(part.userDataLength)
          $0.userData = Data(part.userData)
        }
      }
    }
    do {
      return try wire.serializedBytes()
    } catch {
      throw .internalFailure("serializing")
    }
  }

  /// - Throws: ``SealingError/badContent(_:)``, naming the field.
  init(decoding octets: [UInt8]) throws(SealingError) {
    guard let wire = try? WireSealedContent(serializedBytes: octets) else { throw .badContent("not protobuf") }
    guard wire.protocolVersion == RelayFrame.protocolVersion else { throw .badContent("version") }
    guard let senderNumber = try? PhoneNumber(e164: wire.senderNumber) else { throw .badContent("sender number") }
    guard let milliseconds = Int64(exactly: wire.sentMs) else { throw .badContent("time sent") }
    guard 1...Self.maximumParts ~= wire.parts.count else { throw .badContent("parts") }
    var parts: [MessagePart] = []
    parts.reserveCapacity(wire.parts.count)
    for part in wire.parts {
      guard let protocolIdentifier = UInt8(exactly: part.protocolIdentifier),
        let dataCodingScheme = UInt8(exactly: part.dataCodingScheme),
        let userDataLength = UInt8(exactly: part.userDataLength)
      else { throw .badContent("parts") }
      let part = MessagePart(
        protocolIdentifier: protocolIdentifier, dataCodingScheme: dataCodingScheme,
        hasUserDataHeader: part.hasUserDataHeader_p, userDataLength: userDataLength, userData: [UInt8](part.userData))
      guard part.hasValidSizes else { throw .badContent("parts") }
      parts.append(part)
    }
    self.init(senderNumber: senderNumber, sent: WallTime(millisecondsSince1970: milliseconds), parts: parts)
  }
}
