import Testing

/// Suites that use the main loop nest in this one (`extension OnMainLoop { @Suite struct … }`): there is one GLib context in the
/// process, so they run one after the other.
@Suite(.serialized)
enum OnMainLoop {}
