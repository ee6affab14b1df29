import ModemHost
import Testing

struct SettingsFileTests {
  private func settings(_ text: String) throws -> SettingsFile {
    try SettingsFile(text: text, path: "shuntd.conf")
  }

  private func failure(_ text: String) -> SettingsError? {
    #expect(throws: SettingsError.self) { try settings(text) }
  }

  static let sample = """
    # The relay of the house.

    [relay]
    host = relay.example
      port=7443\u{20}\u{20}
    names=one;two\\;half;three;

    [policy]
    ip-timeout=2.5s
    text=a\\sb\\tc\\nd
    empty=
    """

  @Test func valuesAreRead() throws {
    let settings = try settings(Self.sample)
    #expect(settings.groups == ["relay", "policy"])
    #expect(settings.keys(in: "relay") == ["host", "port", "names"])
    #expect(settings.keys(in: "none") == [])
    #expect(try settings.string(group: "relay", key: "host") == "relay.example")
    #expect(try settings.integer(group: "relay", key: "port", in: 1...65535) == 7443)
    #expect(try settings.strings(group: "relay", key: "names") == ["one", "two;half", "three"])
    #expect(try settings.duration(group: "policy", key: "ip-timeout", in: .zero ... .seconds(20)) == .milliseconds(2500))
    #expect(try settings.string(group: "policy", key: "text") == "a b\tc\nd")
    #expect(try settings.string(group: "policy", key: "empty") == "")
    #expect(try settings.string(group: "policy", key: "none") == nil)
    #expect(try settings.strings(group: "none", key: "none") == nil)
    #expect(settings.line(group: "relay") == 3)
    #expect(settings.line(group: "relay", key: "port") == 5)
    #expect(settings.line(group: "policy", key: "ip-timeout") == 9)
    #expect(settings.line(group: "policy", key: "none") == nil)
  }

  @Test func anEmptyFileIsOne() throws {
    #expect(try settings("").groups == [])
    #expect(try settings("\n# nothing\n").groups == [])
  }

  @Test func whatIsUnknownIsFoundByListingAndHasALine() throws {
    let settings = try settings(Self.sample)
    let unknown = settings.keys(in: "policy").filter { $0 != "ip-timeout" && $0 != "text" }
    #expect(unknown == ["empty"])
    let error = settings.error("unknown key; known are ip-timeout, text", group: "policy", key: unknown[0])
    #expect(error.description == "shuntd.conf:11: [policy] empty: unknown key; known are ip-timeout, text")
    #expect(settings.error("unknown group", group: "policy").description == "shuntd.conf:8: [policy] unknown group")
  }

  @Test(arguments: [
    ("[relay]\nhost=a\nnonsense\n", 3), ("host=a\n[relay]\n", 1), ("[relay\nhost=a\n", 1), ("\n\n[]\n", 3),
    ("[relay]\nport=1\n=2\n", 3), ("[relay]\r\nport=1\r\nbad line\r\n", 3), ("[relay]\n\nhost=a\n[", 4),
    ("[relay]\nhost=a\0b\n", 2),
  ])
  func linesThatAreNotSettingsAreReportedWithTheirNumber(text: String, line: Int) {
    let error = failure(text)
    #expect(error?.line == line, "\(error as Any)")
    #expect(error?.description.hasPrefix("shuntd.conf:\(line): ") == true)
    #expect(error?.message.isEmpty == false)
  }

  @Test func textThatIsNotUTF8IsReported() throws {
    let directory = TestDirectory()
    let octets: [UInt8] = Array("[relay]\nhost=a\n#".utf8) + [0xFF, 10]
    directory.write("", to: "conf")
    let file = try AppendFile(path: directory.file("conf"))
    _ = file
    let state = try StateDirectory(path: directory.path)
    try state.write("conf", octets)
    let error = #expect(throws: SettingsError.self) { try SettingsFile(path: directory.file("conf")) }
    #expect(error?.description == "\(directory.file("conf")):3: is not UTF-8 text")
  }

  @Test func aKeyGivenTwiceIsReported() {
    let error = failure("[relay]\nport=1\n[policy]\nport=2\n[relay]\nhost=a\nport=3\n")
    #expect(error?.description == "shuntd.conf:7: [relay] port: given twice, first on line 2")
  }

  @Test func linesEndWithCarriageReturnsToo() throws {
    let settings = try settings("[relay]\r\nhost=a\r\n")
    #expect(try settings.string(group: "relay", key: "host") == "a")
  }

  @Test func aFileThatCanNotBeReadIsReported() throws {
    let directory = TestDirectory()
    let missing = #expect(throws: SettingsError.self) { try SettingsFile(path: directory.file("none.conf")) }
    #expect(missing?.description == "\(directory.file("none.conf")): can't be read: No such file or directory")
    let folder = #expect(throws: SettingsError.self) { try SettingsFile(path: directory.path) }
    #expect(folder?.message == "can't be read: Is a directory")
    directory.write("[relay]\nhost=a\n", to: "good.conf")
    #expect(try SettingsFile(path: directory.file("good.conf")).string(group: "relay", key: "host") == "a")
  }

  @Test func badValuesAreReported() throws {
    let settings = try settings("[a]\nport=70000\nflag=maybe\ntime=soon\nword=other\nescape=\\q\nlate=21\n")
    func text(_ body: () throws(SettingsError) -> Void) -> String {
      do {
        try body()
        return ""
      } catch {
        return error.description
      }
    }
    #expect(
      text { () throws(SettingsError) in _ = try settings.integer(group: "a", key: "port", in: 1...65535) }
        == "shuntd.conf:2: [a] port: '70000' is not a whole number from 1 to 65535")
    #expect(
      text { () throws(SettingsError) in _ = try settings.bool(group: "a", key: "flag") }
        == "shuntd.conf:3: [a] flag: 'maybe' is neither true nor false")
    let range = Duration.seconds(1)...Duration.seconds(20)
    #expect(
      text { () throws(SettingsError) in _ = try settings.duration(group: "a", key: "time", in: range) }
        == "shuntd.conf:4: [a] time: 'soon' is not a time from 1.0 seconds to 20.0 seconds, such as 6 or 2.5s or 800ms")
    #expect(
      text { () throws(SettingsError) in _ = try settings.duration(group: "a", key: "late", in: range) }
        .hasPrefix("shuntd.conf:7: [a] late: '21' is not a time"))
    #expect(
      text { () throws(SettingsError) in _ = try settings.choice(group: "a", key: "word", of: ["clear", "masked"]) }
        == "shuntd.conf:5: [a] word: 'other' is not one of clear, masked")
    #expect(
      text { () throws(SettingsError) in _ = try settings.string(group: "a", key: "escape") }
        .hasPrefix("shuntd.conf:6: [a] escape: "))
  }

  @Test(arguments: [
    ("6", Duration.seconds(6)), ("0", .zero), ("2.5", .milliseconds(2500)), ("2.5s", .milliseconds(2500)),
    ("0.001 s", .milliseconds(1)), ("800ms", .milliseconds(800)), ("800 ms", .milliseconds(800)),
    ("1.5ms", nil), ("1.", nil), (".5", nil), ("1.2345", nil), ("-1", nil), ("1e3", nil), ("", nil), ("s", nil),
    ("9999999999", nil), ("1 2", nil), ("1.2.3", nil), ("٣", nil),
  ])
  func timesAreRead(text: String, expected: Duration?) throws {
    let settings = try settings("[a]\ntime=\(text)\n")
    let range = Duration.zero ... .seconds(1000)
    #expect((try? settings.duration(group: "a", key: "time", in: range)) == expected)
  }

  @Test(arguments: [("true", true), ("yes", true), ("on", true), ("1", true), ("false", false), ("no", false),
    ("off", false), ("0", false)])
  func truthIsRead(text: String, expected: Bool) throws {
    #expect(try settings("[a]\nflag=\(text)\n").bool(group: "a", key: "flag") == expected)
  }
}
