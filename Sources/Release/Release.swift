/// What all programs here are versions of.
public enum Release {
  public static let version = "0.4.0"
}
