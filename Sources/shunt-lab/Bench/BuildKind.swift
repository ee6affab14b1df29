/// How this program was built.
enum BuildKind {
  /// Says so when figures would be those of a compiler that was told not to try.
  static func warnUnlessOptimized() {
    assert(
      {
        Output.notice("this is a debug build, whose figures mean nothing: swift build -c release")
        return true
      }())
  }
}
