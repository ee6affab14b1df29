internal import CModem

/// The process's memory: kept small, to itself, and measured.
public enum ProcessMemory {
  /// Sets the allocator up so that large passing needs, such as scrypt's 16 MiB, go back to the kernel when freed.
  /// Call early in `main`.
  public static func keepSmall() {
    cm_system_keep_memory_small()
  }

  /// Has the allocator overwrite what is freed, from now on: swift-crypto 4.5.2 clears symmetric and Ed25519 keys itself, but
  /// not an X-Wing private key, whose object of 8 KiB would lie in free memory until something else is put there. Blocks of
  /// up to 1 KiB, which the allocator keeps at hand, are not overwritten. Call early in `main`.
  public static func wipeFreed() {
    cm_system_wipe_freed_memory()
  }

  /// Keeps keys, numbers and texts out of core dumps, and from other processes of the same user. Call early in `main`.
  ///
  /// - Returns: false when the kernel refuses.
  @discardableResult
  public static func denyDumps() -> Bool { cm_system_deny_dumps() }

  /// Gives free heap pages back to the kernel, and unmaps code that was run once, which comes back from the page cache
  /// when it is run again. Worth its while after start-up and after a burst of work.
  public static func trim() {
    _ = cm_system_trim_memory()
    _ = cm_system_release_code()
  }

  /// Octets resident now, and of those the ones shared with no other process (USS). Zeroes when `/proc` does not say.
  public static func measure() -> (residentOctetCount: UInt64, privateOctetCount: UInt64) {
    var resident: UInt64 = 0
    var privateOctets: UInt64 = 0
    cm_system_memory(&resident, &privateOctets)
    return (resident, privateOctets)
  }
}
