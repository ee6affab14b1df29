internal import ArgumentParser
internal import ModemHost

/// What scripts can tell from the exit status; the numbers are those of sysexits.h.
enum ExitStatus {
  /// The daemon answered with an error, or a message failed.
  static let refused: Int32 = 1
  /// EX_UNAVAILABLE: the daemon, or the message bus, is not running.
  static let notRunning: Int32 = 69
  /// EX_TEMPFAIL: no answer, no result in time, or no relay now.
  static let timedOut: Int32 = 75
  /// EX_NOPERM: this user may not control Shunt.
  static let denied: Int32 = 77

  static func of(_ error: BusClientError) -> Int32 {
    switch error {
    case .busUnreachable, .serviceNotRunning: notRunning
    case .accessDenied: denied
    case .timedOut: timedOut
    // It may be there the next time; `enable` goes on trying by itself.
    case .service(let error) where error.name == "RelayUnreachable": timedOut
    case .service, .other: refused
    }
  }
}
