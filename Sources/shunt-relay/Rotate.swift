import ArgumentParser
import RelayServer

extension ShuntRelay {
  struct Rotate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Replace the key that number tokens are made with, in two steps.",
      discussion: """
        The first step adds a key to secrets.pem and ca.pem. After the relay's next start both keys are served: \
        registrations move to the new one by themselves when their devices connect, without another SMS. Devices that \
        have the new ca.pem use the new key; those with the old file go on with the old one.

        The second step, with --finish, drops the old key. Then devices with the old ca.pem look nobody up any more \
        (their texts go by the carrier), and registrations whose devices have not connected since the first step are \
        over. Take it when every device has the new file, and after 30 days no registration is lost by it: all that \
        have not connected by then have lapsed anyway.
        """)

    @Argument(help: ArgumentHelp("The relay's directory.", valueName: "dir"))
    var directory: String

    @Flag(help: "Drop the old key.")
    var finish = false

    @Flag(help: "With --finish: though registrations that have not moved to the newer key lapse by it.")
    var lapse = false

    func validate() throws {
      if lapse, !finish { throw ValidationError("--lapse goes with --finish") }
    }

    func run() throws {
      let relay = RelayDirectory(path: directory)
      switch finish ? try relay.finishRotation(lapse: lapse) : try relay.rotate() {
      case .began(let new, let old), .completed(let new, let old):
        print("Added number-token key \(new) beside key \(old).")
        print("Next: restart the relay, and give devices the new \(relay.trustPath); they restart shuntd to read it.")
        print("When all have it: shunt-relay rotate \(relay.path) --finish")
      case .finished(let kept, let dropped):
        print("Dropped number-token key \(dropped); key \(kept) stays.")
        print("Next: restart the relay, and give new devices \(relay.trustPath) as it is now.")
      }
    }
  }
}
