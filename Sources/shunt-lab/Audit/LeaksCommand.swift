internal import ArgumentParser
internal import Glibc

struct LeaksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "leaks",
    abstract: "Looks for secrets, in every usual encoding, where they must not be.",
    discussion: """
      The secrets are read from a file or standard input, a line each, `KIND[/NAME] VALUE`:
        imei/alice 356938035643809
        imsi/alice 234150999900101
        iccid/alice 8944110068256270054
        own-number/alice +447700900101 07700900101
        contact-number/bob +447700900102 07700900102
        text/first See you at seven
        code ACDEFGHJ
      They are looked for as ASCII and UTF-8, UTF-16, BCD of both nibble orders (with and without filler, at either nibble), integers, hexadecimal, \
      base64 at all alignments, GSM 7-bit packed at all alignments, and as the first octets of unsalted MD5, SHA-1 and SHA-2 hashes of the usual \
      spellings. Forms of fewer than 5 octets, 7 characters or 10 hexadecimal digits are left out, because they would be found by chance; a long \
      text is looked for in pieces of 16 characters.

      Each search also plants every form in a copy of what it searched, in memory, and has to find them all. Reports name kinds and places, never \
      a secret. Of --frames, own numbers are accepted in what the relay itself opened, and nowhere else.

      Exit status: 0 nothing found, 1 found, 64 wrong usage, 66 something can't be read, 70 a planted form was not found.
      """)

  @Option(name: .long, help: ArgumentHelp("The secrets; - for standard input.", valueName: "file"))
  var secrets: String

  @Option(name: .long, help: ArgumentHelp("A capture that tcpdump wrote; may be repeated.", valueName: "file"))
  var capture: [String] = []

  @Option(name: .long, help: ArgumentHelp("What `shunt-relay serve --record-frames` wrote; may be repeated.", valueName: "file"))
  var frames: [String] = []

  @Option(name: .long, help: ArgumentHelp("A running process, of which the memory is searched; may be repeated.", valueName: "pid"))
  var process: [Int32] = []

  @Argument(help: "Files to search as they are, and directories to search whole.")
  var paths: [String] = []

  @Flag(name: .long, help: "Report as one line of JSON.")
  var json = false

  /// By sysexits.h.
  private static let unreadable: Int32 = 66
  private static let unproved: Int32 = 70

  func validate() throws {
    guard !capture.isEmpty || !frames.isEmpty || !process.isEmpty || !paths.isEmpty else {
      throw ValidationError("nothing to search: give --capture, --frames, --process or a path")
    }
    guard process.allSatisfy({ $0 > 0 }) else { throw ValidationError("--process wants a process id") }
  }

  func run() throws {
    let report: LeakReport
    do {
      report = try search()
    } catch {
      Output.notice("\(error)")
      throw ExitCode(error is LeakSecretsError ? 64 : Self.unreadable)
    }
    if json { Output.line(report.json) } else { report.lines.forEach { Output.line($0) } }
    guard report.isProved else { throw ExitCode(Self.unproved) }
    guard report.isClean else { throw ExitCode(1) }
  }

  func search() throws -> LeakReport {
    let text = String(decoding: try OctetFile.whole(secrets == "-" ? "/dev/stdin" : secrets, limit: 1 << 20), as: UTF8.self)
    let secrets = try LeakSecret.list(text)
    let patterns = LeakPatterns(secrets)
    let matcher = LeakMatcher(patterns)
    var report = LeakReport(
      secretCount: secrets.count, patternCount: patterns.patterns.count, leftOutCount: patterns.leftOutCount)
    for path in capture { report.searches.append(try CaptureSearch.run(path, matcher, secrets)) }
    for path in frames { report.searches.append(try RecordingSearch.run(path, matcher, secrets)) }
    for process in process { report.searches.append(try MemorySearch.run(process, matcher, secrets)) }
    for path in paths { report.searches.append(try FileSearch.run(path, matcher, secrets)) }
    return report
  }
}
