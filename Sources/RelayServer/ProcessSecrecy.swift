internal import CRelay

/// The relay's keys, and numbers for the moment that they are in memory, are nobody else's.
public enum ProcessSecrecy {
  /// Keeps this process's memory out of core dumps and from other processes of the same user. Call at the beginning of `main`.
  ///
  /// - Returns: false when the kernel refuses.
  @discardableResult
  public static func denyDumps() -> Bool { cr_deny_dumps() >= 0 }
}
