import Foundation
import GRDB
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
    #expect(try store.save(one) == [])
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
    #expect(try store.save(registration(2, token: 0xA1)) == [octets(1)])
    #expect(try store.load(octets(1), now: 0, expires: 0) == nil)
    #expect(try store.save(registration(2, token: 0xA1)) == [])
  }

  // MARK: two generations

  private let both = [TokenGeneration(rawValue: 2), TokenGeneration(rawValue: 1)]

  /// Newest first.
  private func registration(_ person: UInt8, tokens: [UInt8], expires: UInt64 = 2_000) throws -> RelayRegistration {
    let held = try zip(tokens, both).map { GenerationToken(token: try octets($0), generation: $1) }
    return try #require(
      RelayRegistration(identity: octets(person), tokens: held, registered: 1_000, expires: expires))
  }

  @Test func aRegistrationIsFoundByEitherToken() throws {
    let store = try RegistrationStore(path: ":memory:")
    let one = try registration(1, tokens: [0xB1, 0xA1])
    _ = try store.save(one)
    #expect(try store.load(octets(1), now: 0, expires: 0) == one)
    #expect(try store.find([octets(0xA1), octets(0xB1), octets(0xB2)], now: 0) == [octets(0xA1), octets(0xB1)])
    // Removed, it has neither.
    try store.remove(octets(1))
    #expect(try store.find([octets(0xA1), octets(0xB1)], now: 0).isEmpty)
    _ = try store.save(one)
    #expect(try store.removeLapsed(now: 2_000) == 1)
    #expect(try store.find([octets(0xA1), octets(0xB1)], now: 0).isEmpty)
  }

  @Test func aTokenIsAddedToTheRegistrationThatIsStillThere() throws {
    let store = try RegistrationStore(path: ":memory:")
    _ = try store.save(registration(1, token: 0xA1))
    let newer = GenerationToken(token: try octets(0xB1), generation: both[0])
    let moved = try store.move(octets(1), holding: octets(0xA1), adding: [newer])
    #expect(try moved == registration(1, tokens: [0xB1, 0xA1]))
    #expect(try store.load(octets(1), now: 0, expires: 0) == moved)
    // Not to one that has another number by now, nor a token that somebody else has.
    #expect(try store.move(octets(1), holding: octets(0xA9), adding: [newer]) == nil)
    _ = try store.save(registration(2, token: 0xA2))
    #expect(try store.move(octets(2), holding: octets(0xA2), adding: [newer]) == nil)
    #expect(try store.move(octets(3), holding: octets(0xA1), adding: [newer]) == nil)
    #expect(try store.load(octets(2), now: 0, expires: 0) == registration(2, token: 0xA2))
  }

  @Test func aNumberMovesToTheNewIdentityByEitherToken() throws {
    let store = try RegistrationStore(path: ":memory:")
    _ = try store.save(registration(1, token: 0xA1))
    #expect(try store.save(registration(2, tokens: [0xB1, 0xA1])) == [octets(1)])
    #expect(try store.save(registration(3, tokens: [0xB1, 0xA1])) == [octets(2)])
    #expect(try store.load(octets(2), now: 0, expires: 0) == nil)
    #expect(try store.removeAll([octets(0xB1), octets(0xA1), octets(0xA7)]) == [octets(3)])
    #expect(try store.removeAll([octets(0xB1)]) == [])
  }

  @Test func aGenerationThatIsGoneTakesWhatHasNoOther() throws {
    let store = try RegistrationStore(path: ":memory:")
    _ = try store.save(registration(1, token: 0xA1))
    _ = try store.save(registration(2, tokens: [0xB2, 0xA2]))
    #expect(try store.countWithout(both[0]) == 1)
    #expect(try store.keepOnly(both) == 0)
    #expect(try store.keepOnly([both[0]]) == 1)
    #expect(try store.load(octets(1), now: 0, expires: 0) == nil)
    #expect(try store.load(octets(2), now: 0, expires: 0)?.tokens.map(\.generation) == [both[0]])
    #expect(try store.countWithout(both[0]) == 0)
  }

  /// A database as it was made before registrations had a token a generation.
  @Test func whatWasRegisteredBeforeIsKept() throws {
    let path = TemporaryFiles.path("store")
    defer { for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) } }
    let former = try DatabaseQueue(path: path)
    try former.write { database in
      try database.execute(
        sql: """
          CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
          INSERT INTO grdb_migrations VALUES ('registrations');
          CREATE TABLE registration (
            token BLOB NOT NULL PRIMARY KEY, identity BLOB NOT NULL UNIQUE, generation INTEGER NOT NULL,
            registered INTEGER NOT NULL, expires INTEGER NOT NULL
          ) WITHOUT ROWID;
          CREATE INDEX registration_expires ON registration (expires);
          """)
      for person: UInt8 in 1...3 {
        try database.execute(
          sql: "INSERT INTO registration VALUES (?, ?, 1, 1000, ?)",
          arguments: [
            Data(repeating: 0xA0 + person, count: 48), Data(repeating: person, count: 32), 2_000 + Int(person),
          ])
      }
    }
    try former.close()

    let store = try RegistrationStore(path: path)
    for person: UInt8 in 1...3 {
      #expect(
        try store.load(octets(person), now: 0, expires: 0)
          == registration(person, token: 0xA0 + person, expires: 2_000 + UInt64(person)))
    }
    #expect(try store.find([octets(0xA2), octets(0xA4)], now: 0) == [octets(0xA2)])
    // And is a registration like any other.
    #expect(try store.removeLapsed(now: 2_001) == 1)
    #expect(try store.save(registration(9, tokens: [0xB2, 0xA2])) == [octets(2)])
    store.close()
    let again = try RegistrationStore(path: path)
    #expect(try again.load(octets(9), now: 0, expires: 0)?.tokens.count == 2)
    again.close()
  }

  @Test func identityHasOneToken() throws {
    let store = try RegistrationStore(path: ":memory:")
    _ = try store.save(registration(1, token: 0xA1))
    _ = try store.save(registration(1, token: 0xA2))
    #expect(try store.find([octets(0xA1), octets(0xA2)], now: 0) == [octets(0xA2)])
  }

  @Test func tokensKeysAndTimesAreAllThatIsKept() throws {
    let path = TemporaryFiles.path("store")
    defer { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }
    let store = try RegistrationStore(path: path)
    _ = try store.save(registration(1, token: 0xA1))
    store.close()
    let columns = try DatabaseQueue(path: path).read { database in
      try String.fetchAll(
        database,
        sql: """
          SELECT m.name || '.' || c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
          WHERE m.type = 'table' ORDER BY 1
          """)
    }
    #expect(
      columns == [
        "grdb_migrations.identifier", "registration.expires", "registration.identity", "registration.registered",
        "token.generation", "token.identity", "token.token",
      ])
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
