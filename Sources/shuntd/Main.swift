internal import Glibc
internal import ModemHost
internal import Release

/// Exit statuses, by sysexits.h.
enum ExitStatus {
  static let usage: Int32 = 64
  /// EX_UNAVAILABLE: the socket is another proxy's.
  static let unavailable: Int32 = 69
  /// EX_SOFTWARE
  static let software: Int32 = 70
  /// EX_CANTCREAT: the state directory can't be used.
  static let state: Int32 = 73
  /// EX_IOERR
  static let output: Int32 = 74
  /// EX_CONFIG
  static let settings: Int32 = 78
}

@main
struct Main {
  static let defaultSettings = "/etc/shunt/shuntd.conf"

  static let usage = """
    usage: shuntd [--settings FILE] [--check] | --new-identity-key | --version

    Stands in for qmi-proxy and sends texts over IP when the recipient can be reached there.
      --settings FILE     the settings file; \(defaultSettings) when not given
      --check             read the settings, say what is wrong with them, and end
      --new-identity-key  write a new identity key, 32 octets, to standard output, for `systemd-creds encrypt`, and end
      --version           say which version this is, and end
    """

  static func main() {
    var settingsPath = defaultSettings
    var isCheck = false
    ProcessMemory.denyDumps()
    var arguments = CommandLine.arguments.dropFirst()
    while let argument = arguments.popFirst() {
      switch argument {
      case "--help", "-h":
        print(usage)
        return
      case "--version":
        print(Release.version)
        return
      case "--check": isCheck = true
      case "--new-identity-key":
        guard CommandLine.arguments.count == 2 else {
          fail("--new-identity-key goes with no other argument", ExitStatus.usage)
        }
        return Credential.writeNewIdentityKey()
      case "--settings":
        guard let path = arguments.popFirst() else { fail("--settings needs a file", ExitStatus.usage) }
        settingsPath = path
      default: fail("unknown argument '\(argument)'; see shuntd --help", ExitStatus.usage)
      }
    }
    ProcessMemory.keepSmall()
    ProcessMemory.wipeFreed()
    let file: SettingsFile
    let settings: Settings
    do throws(SettingsError) {
      file = try SettingsFile(path: settingsPath)
      settings = try Settings(file: file)
    } catch {
      fail("\(error)", ExitStatus.settings)
    }
    if isCheck {
      // At work it is no reason to stop: texts go by the carrier.
      do throws(StartError) {
        _ = try settings.relay?.trust()
      } catch {
        fail("\(file.error(error.text, group: "relay", key: "ca"))", ExitStatus.settings)
      }
      print("\(settingsPath) is in order")
      return
    }
    do throws(StartError) {
      let daemon = try Daemon(settings)
      daemon.run()
    } catch {
      fail(error.text, error.status)
    }
  }

  /// Ends with one line on standard error.
  static func fail(_ text: String, _ status: Int32) -> Never {
    let line = Array("shuntd: \(text)\n".utf8)
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    exit(status)
  }
}

/// Why the daemon can't begin.
struct StartError: Error {
  let text: String
  let status: Int32
}
