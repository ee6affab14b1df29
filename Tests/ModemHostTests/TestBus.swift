import Glibc
import ModemHost
import Testing

/// A private message bus: a `dbus-daemon` of the test's own.
final class TestBus {
  let directory = TestDirectory()
  private var daemon: Child

  var address: BusAddress { .address(text) }
  var text: String { "unix:path=\(directory.file("bus"))" }

  /// - Parameter policy: elements of the bus's policy that come after "everything is allowed".
  init(policy: String = "") throws {
    let directory = self.directory
    directory.write(
      """
      <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
        "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
      <busconfig>
        <type>session</type>
        <listen>unix:path=\(directory.file("bus"))</listen>
        <auth>EXTERNAL</auth>
        <policy context="default">
          <allow send_destination="*" eavesdrop="true"/>
          <allow eavesdrop="true"/>
          <allow own="*"/>
          \(policy)
        </policy>
      </busconfig>
      """, to: "bus.conf")
    // It says its address once it listens.
    daemon = try Child(["dbus-daemon", "--config-file=\(directory.file("bus.conf"))", "--nofork", "--nopidfile", "--print-address"])
    for _ in 0..<1000 where !daemon.text.contains("\n") { usleep(5000) }
    try #require(daemon.text.hasPrefix("unix:path="), "\(daemon.text)")
  }

  func stop() { daemon.end() }
}
