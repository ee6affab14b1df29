import CModem

/// Calls back from the loop while a descriptor is ready. The descriptor stays the caller's; end the watch before closing it.
public final class FileDescriptorWatch {
  /// What to wait for, and what is ready.
  public struct Events: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let readable = Events(rawValue: 1)
    public static let writable = Events(rawValue: 2)
    /// Hang-up or error: reported whether asked for or not.
    public static let hangUp = Events(rawValue: 4)
  }

  private var watch: OpaquePointer?
  private let onReady: (Events) -> Void

  public init(descriptor: Int32, events: Events, onReady: @escaping (Events) -> Void) {
    self.events = events
    self.onReady = onReady
    watch = cm_descriptor_watch_new(
      descriptor, events.rawValue,
      { events, box in
        Unmanaged<FileDescriptorWatch>.fromOpaque(box!).takeUnretainedValue().onReady(Events(rawValue: events))
      },
      Unmanaged.passUnretained(self).toOpaque())
  }

  /// What to wait for; may be changed at any time.
  public var events: Events {
    didSet { cm_descriptor_watch_set_events(watch, events.rawValue) }
  }

  /// No call after this.
  public func cancel() {
    cm_descriptor_watch_free(watch)
    watch = nil
  }

  deinit {
    cm_descriptor_watch_free(watch)
  }
}
