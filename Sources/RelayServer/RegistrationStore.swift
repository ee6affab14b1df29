internal import Foundation
internal import GRDB
internal import RelayProtocol

/// Registrations in SQLite: token, identity key, generation, two times, and nothing else (design section 7).
///
/// Every call blocks; the relay calls it on one thread of its own, so that writes come in the order asked.
struct RegistrationStore: Sendable {
  private let queue: DatabaseQueue

  /// - Parameter path: made when it is not there. The process's umask decides who may read it.
  init(path: String) throws(RelayError) {
    do {
      var configuration = Configuration()
      configuration.prepareDatabase { database in
        // A removed registration is not to be found in the file's free pages.
        try database.execute(sql: "PRAGMA secure_delete = ON")
        try database.execute(sql: "PRAGMA journal_mode = WAL")
        // A lost write of an expiry time does no harm; registrations are made durable by `flush`.
        try database.execute(sql: "PRAGMA synchronous = NORMAL")
      }
      queue = try DatabaseQueue(path: path, configuration: configuration)
      var migrator = DatabaseMigrator()
      migrator.registerMigration("registrations") { database in
        try database.execute(
          sql: """
            CREATE TABLE registration (
              token BLOB NOT NULL PRIMARY KEY, identity BLOB NOT NULL UNIQUE, generation INTEGER NOT NULL,
              registered INTEGER NOT NULL, expires INTEGER NOT NULL
            ) WITHOUT ROWID;
            CREATE INDEX registration_expires ON registration (expires);
            """)
      }
      try migrator.migrate(queue)
    } catch {
      throw .invalid(path: path, reason: Self.text(error))
    }
  }

  /// This identity's registration unless it lapsed before `now`; its expiry moves on to `expires`.
  func load(_ identity: IdentityPublicKey, now: UInt64, expires: UInt64) throws -> RelayRegistration? {
    try queue.write { database in
      let row = try Row.fetchOne(
        database, sql: "SELECT * FROM registration WHERE identity = ? AND expires > ?",
        arguments: [Data(identity.octets), Self.signed(now)])
      guard let row, var registration = Self.registration(row) else { return nil }
      if expires > registration.expires {
        try database.execute(
          sql: "UPDATE registration SET expires = ? WHERE token = ?",
          arguments: [Self.signed(expires), Data(registration.token.octets)])
        registration.expires = expires
      }
      return registration
    }
  }

  /// Stores in the place of whatever this token or this identity had.
  /// - Returns: the other identity that held the token, if one did.
  func save(_ registration: RelayRegistration) throws -> IdentityPublicKey? {
    let displaced: IdentityPublicKey? = try queue.write { database in
      let holder = try Data.fetchOne(
        database, sql: "SELECT identity FROM registration WHERE token = ?",
        arguments: [Data(registration.token.octets)])
      try database.execute(
        sql: "DELETE FROM registration WHERE token = ? OR identity = ?",
        arguments: [Data(registration.token.octets), Data(registration.identity.octets)])
      try database.execute(
        sql: "INSERT INTO registration (token, identity, generation, registered, expires) VALUES (?, ?, ?, ?, ?)",
        arguments: [
          Data(registration.token.octets), Data(registration.identity.octets),
          Int64(registration.generation.rawValue), Self.signed(registration.registered),
          Self.signed(registration.expires),
        ])
      guard let holder, let identity = try? IdentityPublicKey(holder), identity != registration.identity else {
        return nil
      }
      return identity
    }
    try flush()
    return displaced
  }

  func remove(_ identity: IdentityPublicKey) throws {
    try queue.write { database in
      try database.execute(
        sql: "DELETE FROM registration WHERE identity = ?", arguments: [Data(identity.octets)])
    }
    try flush()
  }

  /// Those of the tokens that have a registration which has not lapsed before `now`.
  func find(_ tokens: [NumberToken], now: UInt64) throws -> Set<NumberToken> {
    try queue.read { database in
      let statement = try database.cachedStatement(
        sql: "SELECT 1 FROM registration WHERE token = ? AND expires > ?")
      var found: Set<NumberToken> = []
      for token in tokens
      where try Int.fetchOne(statement, arguments: [Data(token.octets), Self.signed(now)]) != nil {
        found.insert(token)
      }
      return found
    }
  }

  /// Forgets what lapsed before `now`.
  /// - Returns: how many there were.
  @discardableResult
  func removeLapsed(now: UInt64) throws -> Int {
    let count = try queue.write { database in
      try database.execute(sql: "DELETE FROM registration WHERE expires <= ?", arguments: [Self.signed(now)])
      return database.changesCount
    }
    if count > 0 { try flush() }
    return count
  }

  func close() {
    try? queue.close()
  }

  /// Into the database file, on the disk, and out of the write-ahead log.
  private func flush() throws {
    try queue.inDatabase { _ = try $0.checkpoint(.truncate) }
  }

  private static func registration(_ row: Row) -> RelayRegistration? {
    guard let token: Data = row["token"], let identity: Data = row["identity"], let generation: Int64 = row["generation"],
      let registered: Int64 = row["registered"], let expires: Int64 = row["expires"],
      let token = try? NumberToken(token), let identity = try? IdentityPublicKey(identity)
    else { return nil }
    return RelayRegistration(
      identity: identity, token: token, generation: TokenGeneration(rawValue: UInt32(clamping: generation)),
      registered: UInt64(clamping: registered), expires: UInt64(clamping: expires))
  }

  private static func signed(_ seconds: UInt64) -> Int64 { Int64(clamping: seconds) }

  /// Without arguments: they are tokens and keys.
  static func text(_ error: any Error) -> String {
    guard let error = error as? DatabaseError else { return "\(error)" }
    return error.message ?? "SQLite error \(error.resultCode.rawValue)"
  }
}
