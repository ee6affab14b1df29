internal import Glibc
internal import NIOCore
internal import RelayProtocol

/// The only reader of clocks for the hub.
enum RelayClock {
  static var time: RelayTime {
    RelayTime(now: .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds)), unixSeconds: unixSeconds)
  }

  static var unixSeconds: UInt64 { UInt64(clamping: time_t(Glibc.time(nil))) }
}
