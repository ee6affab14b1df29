/// Something that must not appear in a log, a debugger's summary or a mirror: only its type's name does.
public protocol Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {}

extension Secret {
  public var description: String { "\(Self.self)(…)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
