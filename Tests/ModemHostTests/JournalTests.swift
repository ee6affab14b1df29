import Glibc
import ModemHost
import Testing

/// Standard error belongs to the whole process, so each test has one of its own.
@Suite(.timeLimit(.minutes(1)))
struct JournalTests {
  @Test func recordsAreLinesWhenNoJournalReads() async throws {
    let result = try await #require(
      processExitsWith: .success, observing: [\.standardErrorContent]
    ) {
      let journal = Journal(identifier: "shuntd", threshold: .notice)
      journal.log(.notice, "listening on @qmi-proxy", fields: ["SHUNT_SOCKET": "qmi-proxy"])
      journal.log(.warning, "relay unreachable\nshuntd: forged\u{1B}[2J", fields: [("SHUNT_REASON", "relay")])
      journal.log(.error, "no modem")
      journal.log(.info, "not important enough")
      journal.log(.debug, "even less")
    }
    let lines = String(decoding: result.standardErrorContent, as: UTF8.self).split(separator: "\n")
      .filter { $0.hasPrefix("shuntd:") }
    #expect(
      lines == [
        "shuntd: listening on @qmi-proxy", "shuntd: warning: relay unreachable shuntd: forged [2J",
        "shuntd: error: no modem",
      ])
  }

  @Test func levelsAreOrderedBySeverity() {
    #expect(Journal.Level.debug < .info && Journal.Level.info < .notice && Journal.Level.warning < .error)
  }
}
