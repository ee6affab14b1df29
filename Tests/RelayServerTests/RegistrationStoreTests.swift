import Foundation
import RelayProtocol
import Testing

@testable import RelayServer

@Suite struct RegistrationStoreTests {
  private func octets<Kind>(_ value: UInt8) throws -> FixedOctets<Kind> {
    try FixedOctets([UInt8](repeating: value, count: Kind.octetCount))
  }

  private func registration(_ person: UInt8, token: UInt8, expires: UInt64 = 2_000) throws -> RelayRegistration {
    RelayRegistration(
      identity: try octets(person), token: try octets(token), generation: TokenGeneration(rawValue: 1),
      registered: 1_000, expires: expires)
  }

  @Test func savedIsLoadedAndMovesOn() throws {
    let store = try RegistrationStore(path: ":memory:")
    let one = try registration(1, token: 0xA1)
    #expect(try store.save(one) == nil)
    var moved = one
    moved.expires = 3_000
    #expect(try store.load(octets(1), now: 1_500, expires: 3_000) == moved)
    // Never back.
    #expect(try store.load(octets(1), now: 1_500, expires: 2_500) == moved)
    #expect(try store.load(octets(2), now: 1_500, expires: 3_000) == nil)
  }

  @Test func lapsedIsNotThere() throws {
    let store = try RegistrationStore(path: ":memory:")
    _ = try store.save(registration(1, token: 0xA1, expires: 2_000))
    _ = try store.save(registration(2, token: 0xA2, expires: 2_001))
    #expect(try store.find([octets(0xA1), octets(0xA2), octets(0xA3)], now: 2_000) == [octets(0xA2)])
    #expect(try store.load(octets(1), now: 2_000, expires: 9_000) == nil)
    #expect(try store.removeLapsed(now: 2_000) == 1)
    #expect(try store.removeLapsed(now: 2_000) == 0)
  }

  @Test func tokenMovesToTheNewIdentity() throws {
    let store = try RegistrationStore(path: ":memory:")
    _ = try store.save(registration(1, token: 0xA1))
    #expect(try store.save(registration(2, token: 0xA1)) == octets(1))
    #expect(try store.load(octets(1), now: 0, expires: 0) == nil)
    #expect(try store.save(registration(2, token: 0xA1)) == nil)
  }

  @Test func identityHasOneToken() throws {
    let store = try RegistrationStore(path: ":memory:")
    _ = try store.save(registration(1, token: 0xA1))
    _ = try store.save(registration(1, token: 0xA2))
    #expect(try store.find([octets(0xA1), octets(0xA2)], now: 0) == [octets(0xA2)])
  }

  @Test func removedLeavesNoTraceInTheFiles() throws {
    let directory = TemporaryFiles.path("store")
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let store = try RegistrationStore(path: "\(directory)/relay.db")
    _ = try store.save(registration(0xC7, token: 0xD9))
    func holds(_ value: UInt8) throws -> Bool {
      let needle = Data(repeating: value, count: 32)
      return try FileManager.default.contentsOfDirectory(atPath: directory).contains { name in
        try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(name)")).range(of: needle) != nil
      }
    }
    #expect(try holds(0xC7))
    #expect(try holds(0xD9))
    try store.remove(octets(0xC7))
    #expect(try !holds(0xC7))
    #expect(try !holds(0xD9))
    store.close()
  }

  @Test func fileThatIsNoDatabaseIsNamed() throws {
    let path = TemporaryFiles.path("store")
    try "not a database, whatever its name says, and long enough to tell".write(
      toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(throws: RelayError.invalid(path: path, reason: "file is not a database")) {
      _ = try RegistrationStore(path: path)
    }
  }
}
