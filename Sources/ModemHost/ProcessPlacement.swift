internal import CModem

/// On which processors this process runs.
public enum ProcessPlacement {
  /// Keeps this process, and those it starts from now on, on the processor it runs on.
  ///
  /// - Returns: false when the kernel refuses.
  @discardableResult
  public static func pinToOneProcessor() -> Bool { cm_system_pin_to_one_processor() }
}
