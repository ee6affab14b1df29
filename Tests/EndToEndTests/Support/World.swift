import Foundation

/// What most tests share, because it takes seconds to start: a carrier, a relay, alice and bob on Shunt with a ModemManager each, and carol with a
/// ModemManager and the stock proxy.
final class World {
  let rig: Rig
  let carrier: Carrier
  let relay: Relay
  let alice: Phone
  let bob: Phone
  let carol: Phone
  /// shuntd's network sockets before it was enabled.
  private(set) var socketsBeforeEnabling: [String: [String]] = [:]

  nonisolated(unsafe) private static var started: Result<World, any Error>?

  /// The world, started when it is first asked for. Only the laboratory's queue may.
  static func shared() throws -> World {
    if let started { return try started.get() }
    let result = Result { try World() }
    started = result
    return try result.get()
  }

  private init() throws {
    rig = try Rig.shared()
    carrier = try Carrier(rig)
    relay = try Relay(rig, sender: .carrier(carrier))
    alice = try Phone(rig, "alice", "+447700900101", carrier: carrier)
    bob = try Phone(rig, "bob", "+447700900102", carrier: carrier)
    carol = try Phone(rig, "carol", "+447700900103", carrier: carrier)
    try relay.start()
    for phone in [alice, bob, carol] {
      try phone.startModem()
      try phone.startBus()
      if phone !== carol {
        try phone.writeSettings(relay: relay)
        try phone.startShuntd()
      }
      try phone.startModemManager(hasStockProxy: phone === carol)
    }
    for phone in [alice, bob, carol] { try phone.waitUntilEnabled() }
    for phone in [alice, bob] {
      socketsBeforeEnabling[phone.name] = try phone.networkSockets()
      try phone.enroll()
    }
  }
}
