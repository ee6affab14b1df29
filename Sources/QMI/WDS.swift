/// The wireless data service, as far as a proxy must know it: who has a data call.
public enum WDS {
  public enum ID {
    @inlinable public static var startNetwork: MessageID { 0x0020 }
    @inlinable public static var stopNetwork: MessageID { 0x0021 }
  }
}
