import CModem

/// One timer that calls back once at a point in time of `EventLoop.now`, and can be armed again.
///
/// Made for the next deadline of a machine: `timer.arm(at: machine.nextDeadline)` after every event costs no system call
/// unless the deadline moves nearer.
public final class LoopTimer {
  private var timer: OpaquePointer?
  private let onFire: () -> Void

  /// - Parameter onFire: called from the loop; may arm the timer again.
  public init(onFire: @escaping () -> Void) {
    self.onFire = onFire
    timer = cm_timer_new(
      { Unmanaged<LoopTimer>.fromOpaque($0!).takeUnretainedValue().onFire() },
      Unmanaged.passUnretained(self).toOpaque())
    precondition(timer != nil, "the kernel has no timer descriptor left")
  }

  /// Calls back once at `deadline`, soon when that has passed; replaces an earlier one. `nil` disarms.
  public func arm(at deadline: Duration?) {
    if let deadline {
      cm_timer_arm(timer, deadline.boundedNanoseconds)
    } else {
      cm_timer_disarm(timer)
    }
  }

  deinit {
    cm_timer_free(timer)
  }
}
