internal import Interposer
internal import Telephony

/// What became of each text, from everybody's point of view.
final class Ledger {
  enum Answer: Sendable, Equatable {
    case none
    case succeeded
    case failed
    /// The one who would have answered died, or the modem said nothing.
    case unanswered
  }

  /// A copy of a part that came to a modem.
  struct CarrierCopy {
    let time: Duration
    /// When the handset's processor ran, and could be told.
    let told: Told
  }

  final class Told {
    var time: Duration?
  }

  /// A daemon that reads what a modem announces, and looks through its storage when it begins.
  final class Watch {
    let start: Duration
    /// When the daemon died, or lost the modem.
    var ended: Duration?
    /// When requests to the modem went wrong.
    var troubles: [Duration] = []

    init(start: Duration) { self.start = start }
  }

  struct Fate {
    let message: PlannedMessage
    /// When its client first asked for it to be sent.
    var requested: Duration?
    var lastRequest: Duration?
    /// How often the next part came so late that nobody waited for it any more: such a message is more than one to the log.
    var splitCount = 0
    var answer = Answer.none
    var answered: Duration?
    /// Who watched the modem when it was last asked for; nil: nobody, and it may wait.
    var watch: Watch?
    /// It has been given to the modem, or answered.
    var hasLeftDaemon = false
    /// When the recipient's device had it on disk.
    var storedByIP: [Duration] = []
    /// When the recipient's device knew that no copy would come.
    var concluded: [Duration] = []
    /// When the carrier first took a part.
    var submittedFirst: Duration?
    /// By part: how often the carrier took it.
    var submitted: [Int: Int] = [:]
    /// By part: how often the carrier took it and lost it.
    var dropped: [Int: Int] = [:]
    var copies: [Int: [CarrierCopy]] = [:]
    /// How often it is in the recipient's app, whole.
    var shownByIP = 0
    var shownByCarrier = 0

    /// How often the carrier took all of it.
    var takenByCarrier: Int { (1...message.parts).map { (submitted[$0] ?? 0) + (dropped[$0] ?? 0) }.min() ?? 0 }
    var wasTakenByCarrier: Bool { takenByCarrier > 0 }
    var wasLostByCarrier: Bool { dropped.keys.contains { copies[$0] == nil } }
    /// Whole copies that the carrier brought.
    var carrierCopies: Int { (1...message.parts).map { copies[$0]?.count ?? 0 }.min() ?? 0 }
  }

  unowned var world: World!
  /// What happens on the way to a text that was said twice is in the fate of the first.
  var fates: [Int: Fate] = [:]
  /// By the index of a text that was said twice: that of the second.
  private var repeats: [Int: Int] = [:]
  /// By the id of a sealed message.
  private var sealed: [[UInt8]: Int] = [:]
  /// By handset: how many of its messages went by IP so far, by the recipients' disks and by its own log.
  var storedCounts: [Int: Int] = [:]
  var deliveredCounts: [Int: Int] = [:]
  /// By handset: messages that its log calls failed after an attempt by IP.
  var failedAfterIP: [Int: Int] = [:]
  var recordCount = 0

  init(_ plan: SimulationPlan) {
    for message in plan.messages {
      fates[message.index] = Fate(message: message)
      if let first = message.repeats { repeats[first] = message.index }
    }
  }

  /// The fates of all who say what a message says, in order.
  func fates(like index: Int) -> [Fate] {
    let first = fates[index]?.message.repeats ?? index
    return [fates[first], repeats[first].flatMap { fates[$0] }].compactMap(\.self)
  }

  /// What happened on the way.
  func way(of index: Int) -> Fate? { fates[fates[index]?.message.repeats ?? index] }

  func sealed(_ message: Int, as id: [UInt8]) { sealed[id] = message }

  func concluded(_ id: some Collection<UInt8>) {
    if let message = sealed.removeValue(forKey: Array(id)) { fates[message]?.concluded.append(world.now) }
  }

  func wasAnswered(_ message: Int, before time: Duration) -> Bool { fates[message]?.answered.map { $0 <= time } ?? false }

  // MARK: Texts

  /// The text of a message, each part of which says which message it is of.
  static func text(_ message: PlannedMessage) -> String {
    let marker = "m" + String(String(100_000 + (message.repeats ?? message.index)).dropFirst()) + ". "
    // Characters of a part, and of one that is surely enough for the marker.
    let (capacity, last) = message.isWide ? (67, 30) : (153, 50)
    let count = message.parts == 1 ? last : capacity * (message.parts - 1) + last
    var text = message.isWide ? "\u{0436}" : ""
    while text.count < count { text += marker }
    return String(text.prefix(count))
  }

  /// The message that a part of a text belongs to.
  static func message(in text: String) -> Int? {
    let octets = Array(text.utf8)
    guard octets.count >= 7 else { return nil }
    for start in 0...octets.count - 7 where octets[start] == UInt8(ascii: "m") && octets[start + 6] == UInt8(ascii: ".") {
      let digits = octets[start + 1..<start + 6]
      guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { continue }
      return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
    return nil
  }

  /// The message and the number of the part that a TPDU carries.
  static func part(_ userData: UserData, _ scheme: DataCodingScheme, _ place: Concatenation?) -> (message: Int, number: Int)? {
    guard let text = MessageText.decode(userData, scheme), let message = message(in: text) else { return nil }
    return (message, place.map { Int($0.number) } ?? 1)
  }
}
