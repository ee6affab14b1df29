internal import Foundation
internal import GRDB
internal import RelayProtocol

/// Registrations in SQLite: identity key, two times, a token a generation, and nothing else (design section 7).
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
      // A token a generation: two number-token keys live at once while one replaces the other.
      migrator.registerMigration("generations") { database in
        try database.execute(
          sql: """
            ALTER TABLE registration RENAME TO former;
            DROP INDEX registration_expires;
            CREATE TABLE registration (
              identity BLOB NOT NULL PRIMARY KEY, registered INTEGER NOT NULL, expires INTEGER NOT NULL
            ) WITHOUT ROWID;
            CREATE INDEX registration_expires ON registration (expires);
            CREATE TABLE token (
              token BLOB NOT NULL PRIMARY KEY,
              identity BLOB NOT NULL REFERENCES registration (identity) ON DELETE CASCADE,
              generation INTEGER NOT NULL, UNIQUE (identity, generation)
            ) WITHOUT ROWID;
            INSERT INTO registration (identity, registered, expires) SELECT identity, registered, expires FROM former;
            INSERT INTO token (token, identity, generation) SELECT token, identity, generation FROM former;
            DROP TABLE former;
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
      guard var registration = try Self.registration(of: identity, in: database), registration.expires > now else {
        return nil
      }
      if expires > registration.expires {
        try database.execute(
          sql: "UPDATE registration SET expires = ? WHERE identity = ?",
          arguments: [Self.signed(expires), Data(identity.octets)])
        registration.expires = expires
      }
      return registration
    }
  }

  /// Stores in the place of whatever these tokens or this identity had.
  /// - Returns: the other identities that held one of the tokens.
  func save(_ registration: RelayRegistration) throws -> [IdentityPublicKey] {
    let displaced = try queue.write { database in
      let displaced = try Self.remove(holdersOf: registration.tokens.map(\.token), in: database)
        .filter { $0 != registration.identity }
      try Self.remove(registration.identity, in: database)
      try database.execute(
        sql: "INSERT INTO registration (identity, registered, expires) VALUES (?, ?, ?)",
        arguments: [
          Data(registration.identity.octets), Self.signed(registration.registered), Self.signed(registration.expires),
        ])
      for held in registration.tokens { try Self.insert(held, of: registration.identity, in: database) }
      return displaced
    }
    try flush()
    return displaced
  }

  /// Adds tokens to this identity's registration, if it still has the token `held` and nobody has one of the others.
  /// - Returns: the registration; nil when it is not so.
  func move(
    _ identity: IdentityPublicKey, holding held: NumberToken, adding tokens: [GenerationToken]
  ) throws -> RelayRegistration? {
    let moved: RelayRegistration? = try queue.write { database in
      guard let before = try Self.registration(of: identity, in: database),
        before.tokens.contains(where: { $0.token == held }),
        try tokens.allSatisfy({ try Self.holder(of: $0.token, in: database) == nil })
      else { return nil }
      for added in tokens {
        try database.execute(
          sql: "DELETE FROM token WHERE identity = ? AND generation = ?",
          arguments: [Data(identity.octets), Int64(added.generation.rawValue)])
        try Self.insert(added, of: identity, in: database)
      }
      return try Self.registration(of: identity, in: database)
    }
    if moved != nil { try flush() }
    return moved
  }

  func remove(_ identity: IdentityPublicKey) throws {
    try queue.write { database in try Self.remove(identity, in: database) }
    try flush()
  }

  /// Removes every registration that has one of the tokens.
  /// - Returns: whose they were.
  func removeAll(_ tokens: [NumberToken]) throws -> [IdentityPublicKey] {
    let removed = try queue.write { database in try Self.remove(holdersOf: tokens, in: database) }
    if !removed.isEmpty { try flush() }
    return removed
  }

  /// Forgets the tokens of all other generations, and the registrations that have no token left.
  /// - Returns: how many registrations went.
  func keepOnly(_ generations: [TokenGeneration]) throws -> Int {
    let (tokens, registrations) = try queue.write { database in
      let kept = generations.map { Int64($0.rawValue) }
      let marks = databaseQuestionMarks(count: kept.count)
      try database.execute(
        sql: "DELETE FROM token WHERE generation NOT IN (\(marks))", arguments: StatementArguments(kept))
      let tokens = database.changesCount
      try database.execute(
        sql: "DELETE FROM registration WHERE identity NOT IN (SELECT identity FROM token)")
      return (tokens, database.changesCount)
    }
    if tokens > 0 { try flush() }
    return registrations
  }

  /// How many registrations have no token of this generation yet.
  func countWithout(_ generation: TokenGeneration) throws -> Int {
    try queue.read { database in
      try Int.fetchOne(
        database,
        sql: "SELECT count(*) FROM registration WHERE identity NOT IN (SELECT identity FROM token WHERE generation = ?)",
        arguments: [Int64(generation.rawValue)]) ?? 0
    }
  }

  /// Those of the tokens that have a registration which has not lapsed before `now`.
  func find(_ tokens: [NumberToken], now: UInt64) throws -> Set<NumberToken> {
    try queue.read { database in
      let statement = try database.cachedStatement(
        sql: "SELECT 1 FROM token JOIN registration USING (identity) WHERE token = ? AND expires > ?")
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

  private static func registration(
    of identity: IdentityPublicKey, in database: Database
  ) throws -> RelayRegistration? {
    let key = Data(identity.octets)
    guard
      let row = try Row.fetchOne(
        database, sql: "SELECT registered, expires FROM registration WHERE identity = ?", arguments: [key]),
      let registered: Int64 = row["registered"], let expires: Int64 = row["expires"]
    else { return nil }
    let rows = try Row.fetchAll(database, sql: "SELECT token, generation FROM token WHERE identity = ?", arguments: [key])
    let tokens = rows.compactMap { row -> GenerationToken? in
      guard let token: Data = row["token"], let generation: Int64 = row["generation"],
        let token = try? NumberToken(token)
      else { return nil }
      return GenerationToken(token: token, generation: TokenGeneration(rawValue: UInt32(clamping: generation)))
    }
    return RelayRegistration(
      identity: identity, tokens: tokens, registered: UInt64(clamping: registered), expires: UInt64(clamping: expires))
  }

  private static func holder(of token: NumberToken, in database: Database) throws -> IdentityPublicKey? {
    let holder = try Data.fetchOne(
      database, sql: "SELECT identity FROM token WHERE token = ?", arguments: [Data(token.octets)])
    return holder.flatMap { try? IdentityPublicKey($0) }
  }

  private static func insert(_ held: GenerationToken, of identity: IdentityPublicKey, in database: Database) throws {
    try database.execute(
      sql: "INSERT INTO token (token, identity, generation) VALUES (?, ?, ?)",
      arguments: [Data(held.token.octets), Data(identity.octets), Int64(held.generation.rawValue)])
  }

  /// With its tokens.
  private static func remove(_ identity: IdentityPublicKey, in database: Database) throws {
    try database.execute(sql: "DELETE FROM registration WHERE identity = ?", arguments: [Data(identity.octets)])
  }

  private static func remove(
    holdersOf tokens: [NumberToken], in database: Database
  ) throws -> [IdentityPublicKey] {
    var removed: [IdentityPublicKey] = []
    for token in tokens {
      guard let holder = try holder(of: token, in: database) else { continue }
      try remove(holder, in: database)
      removed.append(holder)
    }
    return removed
  }

  private static func signed(_ seconds: UInt64) -> Int64 { Int64(clamping: seconds) }

  /// Without arguments: they are tokens and keys.
  static func text(_ error: any Error) -> String {
    guard let error = error as? DatabaseError else { return "\(error)" }
    return error.message ?? "SQLite error \(error.resultCode.rawValue)"
  }
}
