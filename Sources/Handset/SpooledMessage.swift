public import Interposer
internal import FoundationEssentials
internal import QMI
internal import SwiftProtobuf
internal import Telephony

/// A message of virtual storage as its file holds it.
public struct SpooledMessage: Sendable, Equatable {
  public let id: StoredMessageID
  /// The file's contents.
  public let octets: [UInt8]

  /// The file's name: the storage index in hexadecimal.
  public static func fileName(of id: StoredMessageID) -> String {
    String(id.rawValue, radix: 16)
  }

  /// The index a file is named by; nil when it is not a spool file's name.
  public static func id(ofFile name: String) -> StoredMessageID? {
    guard let value = UInt32(name, radix: 16), let id = StoredMessageID(rawValue: value), fileName(of: id) == name
    else { return nil }
    return id
  }

  public init(id: StoredMessageID, octets: [UInt8]) {
    self.id = id
    self.octets = octets
  }

  init(_ message: StoredMessage, receivedAt wall: WallTime, messageID: [UInt8] = []) {
    var state = StateSpooledMessage()
    state.pdu = .init(message.message.octets)
    state.tag = UInt32(message.tag.rawValue)
    state.receivedMs = UInt64(clamping: wall.millisecondsSince1970)
    state.messageID = .init(messageID)
    self.init(id: message.id, octets: (try? state.serializedBytes()) ?? [])
  }
}

/// Why a spool file can't be served.
enum SpoolError: Error, Equatable {
  case unreadable
}

extension SpooledMessage {
  /// The file read back, and the sealed message it came in.
  func decoded() throws(SpoolError) -> (message: StoredMessage, messageID: [UInt8]) {
    guard let state = try? StateSpooledMessage(serializedBytes: octets), !state.pdu.isEmpty,
      let tag = UInt8(exactly: state.tag), let pdu = WMS.RawMessage(octets: [UInt8](state.pdu))
    else { throw .unreadable }
    return (StoredMessage(id: id, tag: WMS.MessageTag(rawValue: tag), message: pdu), [UInt8](state.messageID))
  }
}

extension SpooledMessage {
  /// The same message with another tag; nil when the file can't be read.
  func retagged(_ tag: WMS.MessageTag) -> SpooledMessage? {
    guard var state = try? StateSpooledMessage(serializedBytes: octets) else { return nil }
    state.tag = UInt32(tag.rawValue)
    guard let octets: [UInt8] = try? state.serializedBytes() else { return nil }
    return SpooledMessage(id: id, octets: octets)
  }
}
