internal import Interposer
internal import QMI

/// A libqmi client that takes client ids and vanishes without giving them back.
final class StrayClient: QMIProgram {
  private unowned let handset: SimulatedHandset
  private let idCount: Int
  private var socket: ClientSocket?
  private var decoder = QMUXFrameDecoder()

  init(_ handset: SimulatedHandset, idCount: Int) {
    self.handset = handset
    self.idCount = idCount
  }

  func start(for duration: Duration) {
    guard let daemon = handset.daemon, let open = CTL.ProxyOpenRequest(devicePath: "/dev/cdc-wdm0") else { return }
    let socket = daemon.connect(self)
    self.socket = socket
    daemon.receive(open.encoded(transaction: ControlTransactionID(rawValue: 1)).octets, from: socket, of: nil)
    // It keeps itself alive until it vanishes.
    handset.world.after(duration) { [self] in
      guard socket.isOpenAtProgram else { return }
      socket.isOpenAtProgram = false
      socket.daemon.closedByProgram(socket)
      self.socket = nil
    }
  }

  func received(_ octets: [UInt8], on socket: ClientSocket) {
    octets.withUnsafeBytes { decoder.append($0) }
    while let frame = (try? decoder.next()) ?? nil {
      guard frame.messageID == CTL.ID.proxyOpen, frame.result?.isSuccess == true else { continue }
      for number in 0..<idCount {
        let service: QMIService = number == 0 ? .wms : .nas
        let request = CTL.AllocateClientIDRequest(service: service)
        socket.daemon.receive(
          request.encoded(transaction: ControlTransactionID(rawValue: UInt8(number + 2))).octets, from: socket, of: nil)
      }
    }
  }

  func wasClosed(_ socket: ClientSocket) { self.socket = nil }
}
