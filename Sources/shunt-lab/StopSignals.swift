internal import ModemHost

/// SIGTERM and SIGINT end the loop, so that the command cleans up behind itself and exits with 0.
final class StopSignals {
  private var watches: [SignalWatch] = []

  init(_ loop: EventLoop) {
    watches = [SignalWatch(.terminate) { loop.quit() }, SignalWatch(.interrupt) { loop.quit() }]
  }
}
