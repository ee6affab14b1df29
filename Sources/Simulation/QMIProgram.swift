internal import Interposer

/// A libqmi client on a handset.
protocol QMIProgram: AnyObject {
  func received(_ octets: [UInt8], on socket: ClientSocket)
  /// The proxy closed the connection, or died.
  func wasClosed(_ socket: ClientSocket)
}

/// A connection between a program and the daemon: a Unix stream socket. It keeps the order and loses nothing that was written
/// to it; it can be closed by either end, or by the death of either.
final class ClientSocket {
  let connection: ClientConnection
  let program: any QMIProgram
  let daemon: SimulatedDaemon
  var isOpenAtProgram = true
  var isOpenAtDaemon = true
  var toProgram = Lane()
  var toDaemon = Lane()

  init(_ connection: ClientConnection, _ program: any QMIProgram, _ daemon: SimulatedDaemon) {
    self.connection = connection
    self.program = program
    self.daemon = daemon
  }
}
