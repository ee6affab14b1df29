public import Interposer
internal import FoundationEssentials
internal import QMI
internal import Sealing
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

  /// What its file is called when it can't be read. As many as there are indexes at most: a later one takes an earlier one's place.
  public static func damagedFileName(of id: StoredMessageID) -> String {
    fileName(of: id) + ".damaged"
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

  /// Nil when the file can't be read.
  var receivedAt: WallTime? {
    (try? StateSpooledMessage(serializedBytes: octets)).map {
      WallTime(millisecondsSince1970: Int64(clamping: $0.receivedMs))
    }
  }

  /// Of the sealed message it came in; empty on a status report, nil when the file can't be read.
  public var messageID: [UInt8]? { (try? StateSpooledMessage(serializedBytes: octets)).map { [UInt8]($0.messageID) } }

  /// Service centre and TPDU; nil when the file can't be read.
  public var pdu: [UInt8]? {
    (try? StateSpooledMessage(serializedBytes: octets)).map { [UInt8]($0.pdu) }
  }

  /// - Parameters:
  ///   - messageID: of the sealed message it came in; empty for a status report.
  ///   - contents: what identifies each part of the whole message as the carrier would bring it; in its first file only.
  init(
    _ message: StoredMessage, receivedAt wall: WallTime, messageID: [UInt8] = [], contents: [ContentIdentity] = []
  ) {
    var state = StateSpooledMessage()
    state.pdu = .init(message.message.octets)
    state.tag = UInt32(message.tag.rawValue)
    state.receivedMs = UInt64(clamping: wall.millisecondsSince1970)
    state.messageID = .init(messageID)
    state.contents = contents.map { .init($0.octets) }
    self.init(id: message.id, octets: state.checked() ?? [])
  }
}

/// Why a spool file can't be served.
enum SpoolError: Error, Equatable {
  case unreadable
}

extension SpooledMessage {
  /// What is known of a message's other copy, should the carrier bring it.
  struct Copy {
    let sender: PhoneNumber
    let contents: [[UInt8]]
    let receivedAt: WallTime
  }

  /// A file read back.
  struct Decoded {
    let message: StoredMessage
    /// Of the sealed message it came in.
    let messageID: [UInt8]
    let copy: Copy?
  }

  func decoded() throws(SpoolError) -> Decoded {
    guard let state = try? StateSpooledMessage(serializedBytes: octets), state.isIntact,
      let tag = UInt8(exactly: state.tag), let pdu = WMS.RawMessage(octets: [UInt8](state.pdu)),
      // What is no message for an app to read is not given to one.
      let raw = try? RawPDU(decoding: pdu.octets), (try? TPDU(decoding: raw.tpdu, .fromServiceCentre)) != nil
    else { throw .unreadable }
    return Decoded(
      message: StoredMessage(id: id, tag: WMS.MessageTag(rawValue: tag), message: pdu),
      messageID: [UInt8](state.messageID), copy: copy(state))
  }

  private func copy(_ state: StateSpooledMessage) -> Copy? {
    guard !state.contents.isEmpty, let raw = try? RawPDU(decoding: [UInt8](state.pdu)),
      let sender = (try? SMSDeliver(decoding: raw.tpdu))?.originatingAddress.phoneNumber
    else { return nil }
    return Copy(
      sender: sender, contents: state.contents.map { [UInt8]($0) },
      receivedAt: WallTime(millisecondsSince1970: Int64(clamping: state.receivedMs)))
  }
}

extension SpooledMessage {
  /// What is kept of a message that a client has deleted.
  struct Erased {
    let messageID: [UInt8]
    let copies: [ErasedCopy]
    let receivedAt: WallTime
  }

  /// Nil when it has not been deleted, or can't be read.
  var erased: Erased? {
    guard let state = try? StateSpooledMessage(serializedBytes: octets), state.isIntact, state.pdu.isEmpty,
      !state.erasedContents.isEmpty
    else { return nil }
    let key = [UInt8](state.erasedKey)
    return Erased(
      messageID: [UInt8](state.messageID), copies: state.erasedContents.map { ErasedCopy(key: key, code: [UInt8]($0)) },
      receivedAt: WallTime(millisecondsSince1970: Int64(clamping: state.receivedMs)))
  }

  /// What is to be kept when a client deletes it; nil when it has no copy that could come, or can't be read.
  func erasing(key: [UInt8]) -> SpooledMessage? {
    guard let state = try? StateSpooledMessage(serializedBytes: octets), let copy = copy(state) else { return nil }
    var kept = StateSpooledMessage()
    kept.receivedMs = state.receivedMs
    kept.messageID = state.messageID
    kept.erasedKey = .init(key)
    kept.erasedContents = copy.contents.map {
      .init(ErasedCopy(sender: copy.sender, content: $0, key: key).code)
    }
    return kept.checked().map { SpooledMessage(id: id, octets: $0) }
  }

  /// The same message with another tag; nil when the file can't be read.
  func retagged(_ tag: WMS.MessageTag) -> SpooledMessage? {
    guard var state = try? StateSpooledMessage(serializedBytes: octets) else { return nil }
    state.tag = UInt32(tag.rawValue)
    return state.checked().map { SpooledMessage(id: id, octets: $0) }
  }
}

extension StateSpooledMessage {
  /// Serialized, with its checksum.
  fileprivate func checked() -> [UInt8]? {
    guard let checksum = expectedChecksum else { return nil }
    var state = self
    state.checksum = checksum
    return try? state.serializedBytes()
  }

  fileprivate var isIntact: Bool { checksum == 0 || checksum == expectedChecksum }

  private var expectedChecksum: UInt32? {
    var state = self
    state.checksum = 0
    let octets: [UInt8]? = try? state.serializedBytes()
    return octets.map(Checksum.crc32)
  }
}
