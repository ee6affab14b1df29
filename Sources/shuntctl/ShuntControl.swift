internal import ArgumentParser
internal import Release

@main
struct ShuntControl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shuntctl",
    abstract: "Controls shuntd, which sends texts over IP when the recipient can be reached there.",
    discussion: """
      Exit status: 0 done; 1 shuntd refused, or the message failed; 64 wrong usage; 69 shuntd is not running; \
      75 no result in time, or no relay now; 77 not allowed.
      """,
    version: Release.version,
    subcommands: [
      Enable.self, Confirm.self, Disable.self, Deregister.self, Status.self, Identity.self, LookUp.self, Send.self, Inbox.self,
      Fingerprint.self, Trust.self, Log.self,
    ])
}
