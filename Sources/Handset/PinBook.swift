internal import FoundationEssentials
internal import RelayProtocol
internal import SwiftProtobuf
internal import Telephony

/// The identity keys of the people this device exchanges messages with, each pinned at its first use: when something is
/// sealed to it, or when a message signed with it came from a number that its token proved. Whether the first key is the
/// person's own only a comparison of fingerprints tells; that no other takes its place unnoticed, this does.
///
/// A pin is never given up to make room: whoever could push it out could pass their own key for a first use. With the book
/// full, new contacts are written to by carrier. Opting out empties it, as it does everything that is of people: it ends
/// this device's own identity, too, unless the service manager keeps that; whoever goes on after it compares fingerprints anew.
struct PinBook: Sendable {
  static let capacity = 5_000
  /// Changed keys that the person was told of, remembered so that one is told once however often keys alternate.
  static let toldCapacity = 256

  struct Pin: Sendable, Equatable {
    var key: IdentityPublicKey
    /// Seconds since 1970, by this device's clock: when the key was pinned, or trusted.
    var since: UInt64
    /// Another key that is used in the pinned one's place now.
    var changed: IdentityPublicKey?
  }

  /// What a key is for a number.
  enum Meeting: Equatable {
    /// The pinned one; pinned just now, perhaps.
    case pinned
    /// Another than the pinned one. `isNews`: the person does not know of it yet.
    case changed(isNews: Bool)
    /// None is pinned, and none can be.
    case noRoom
  }

  private struct Told: Hashable, Sendable {
    let number: PhoneNumber
    let key: IdentityPublicKey
  }

  private var pins: [PhoneNumber: Pin] = [:]
  private var told: Set<Told> = []
  private var isWritten = true
  /// The file could not be read. No key is a first use then.
  private(set) var isDamaged = false

  init() {}

  /// - Returns: a book that knows nobody and takes nobody when the octets are not one whole book.
  init(serialized octets: [UInt8]) {
    guard let state = try? StatePins(serializedBytes: octets), state.pins.count <= Self.capacity else {
      self = .damaged
      return
    }
    for pin in state.pins {
      let changed = try? IdentityPublicKey([UInt8](pin.changedKey))
      guard let number = try? PhoneNumber(e164: pin.number), let key = try? IdentityPublicKey([UInt8](pin.identityKey)),
        changed != nil || pin.changedKey.isEmpty,
        pins.updateValue(Pin(key: key, since: pin.since, changed: changed), forKey: number) == nil
      else {
        self = .damaged
        return
      }
    }
  }

  static var damaged: PinBook {
    var book = PinBook()
    book.isDamaged = true
    return book
  }

  var count: Int { pins.count }
  var changedCount: Int { pins.values.count { $0.changed != nil } }
  subscript(number: PhoneNumber) -> Pin? { pins[number] }

  /// The file's contents, when they are others than those last taken.
  mutating func takeUnwritten() -> [UInt8]? {
    guard !isWritten else { return nil }
    isWritten = true
    var state = StatePins()
    state.pins = pins.map { number, pin in
      var pinned = StatePin()
      pinned.number = number.e164
      pinned.identityKey = .init(pin.key.octets)
      pinned.since = pin.since
      if let changed = pin.changed { pinned.changedKey = .init(changed.octets) }
      return pinned
    }
    return try? state.serializedBytes()
  }

  /// `key` is used for `number`: pins it when it is the first.
  mutating func meet(_ key: IdentityPublicKey, of number: PhoneNumber, wall: WallTime) -> Meeting {
    guard var pin = pins[number] else {
      guard pins.count < Self.capacity, !isDamaged else { return .noRoom }
      put(Pin(key: key, since: Self.seconds(wall)), number)
      return .pinned
    }
    if pin.key == key {
      // Whatever was in its place is so no more.
      if pin.changed != nil {
        pin.changed = nil
        put(pin, number)
      }
      return .pinned
    }
    var isNews = false
    if pin.changed != key {
      isNews = !told.contains(Told(number: number, key: key))
      pin.changed = key
      put(pin, number)
    }
    if told.count >= Self.toldCapacity { told.removeFirst() }
    told.insert(Told(number: number, key: key))
    return .changed(isNews: isNews)
  }

  /// The person has compared fingerprints: the changed key is the pinned one from here on.
  mutating func trustChanged(of number: PhoneNumber, wall: WallTime) {
    guard let key = pins[number]?.changed else { return }
    told = told.filter { $0.number != number }
    put(Pin(key: key, since: Self.seconds(wall)), number)
  }

  private mutating func put(_ pin: Pin, _ number: PhoneNumber) {
    pins[number] = pin
    isWritten = false
  }

  private static func seconds(_ wall: WallTime) -> UInt64 {
    UInt64(clamping: wall.millisecondsSince1970 / 1000)
  }
}
