internal import CRelay

/// For work on what the relay has to forget: numbers and codes (design section 7).
enum Erasure {
  /// Runs `body` so that nothing it used stays in memory: what this thread frees meanwhile is overwritten, whatever library
  /// frees it, and so is the stack that was used. What `body` returns must not be personal, or overwrite itself.
  static func scope<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    cr_erasure_begin()
    defer {
      cr_erasure_end()
      cr_erase_stack()
    }
    return try run(body)
  }

  /// A frame of its own, so that the caller's holds nothing of what the body does.
  @inline(never)
  private static func run<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    try body()
  }
}
