/// The connected clients in the order of their arrival. They are few: finding one by comparing beats hashing.
struct ClientTable: Sendable {
  private(set) var sessions: [ClientSession] = []

  var count: Int { sessions.count }
  var indices: Range<Int> { sessions.indices }

  @inline(__always)
  func index(of connection: ClientConnection) -> Int? {
    for index in sessions.indices where sessions[index].connection == connection { return index }
    return nil
  }

  func contains(_ connection: ClientConnection) -> Bool { index(of: connection) != nil }

  subscript(index: Int) -> ClientSession {
    _read { yield sessions[index] }
    _modify { yield &sessions[index] }
  }

  mutating func insert(_ connection: ClientConnection) {
    sessions.append(ClientSession(connection))
  }

  mutating func remove(_ connection: ClientConnection) -> ClientSession? {
    index(of: connection).map { sessions.remove(at: $0) }
  }
}
