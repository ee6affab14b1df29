internal import NIOCore
internal import NIOPosix

/// Threads for what would stall the event loop, each kind with its own so that none waits behind another: the store's
/// writes (one thread: in the order asked), evaluations (4 ms each), registrations (scrypt, 44 ms) and code senders.
final class RelayWorkers: Sendable {
  static let evaluationThreadCount = 2
  static let senderThreadCount = 4

  let store = NIOThreadPool(numberOfThreads: 1)
  let evaluations = NIOThreadPool(numberOfThreads: evaluationThreadCount)
  let registrations = NIOThreadPool(numberOfThreads: 1)
  let senders = NIOThreadPool(numberOfThreads: senderThreadCount)

  init() {
    for pool in pools { pool.start() }
  }

  private var pools: [NIOThreadPool] { [store, evaluations, registrations, senders] }

  /// Lets what runs finish.
  func stop() async {
    for pool in pools { try? await pool.shutdownGracefully() }
  }
}
