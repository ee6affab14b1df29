internal import QMI
internal import Routing
internal import Telephony

/// A text in the modem's storage, or in what shuntd adds to it, with all its parts.
struct StoredText: Equatable {
  struct Place: Equatable {
    let storage: WMS.StorageType
    let index: UInt32
  }

  let places: [Place]
  let sender: String
  let sent: WallTime?
  /// Nil when it is none to read.
  let text: String?
  /// How many parts are not there (yet).
  var missingPartCount = 0

  var json: String {
    var object = JSONObject()
    object.add("time", sent?.rfc3339)
    object.add("number", sender)
    object.add("text", text)
    object.add("missing_parts", Int64(missingPartCount))
    return object.line
  }

  /// For a person. What could steer their terminal does not.
  var lines: String {
    let words = text ?? "(no text)"
    let shown = words.unicodeScalars.map { scalar -> String in
      if scalar == "\n" { return "\n  " }
      return scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format && scalar != "\u{200D}"
        ? "\u{FFFD}" : String(scalar)
    }.joined()
    let rest = missingPartCount == 0 ? "" : "\n  (parts that have not come: \(missingPartCount))"
    return "\(sent?.rfc3339 ?? "") from \(sender)\n  \(shown)\(rest)"
  }

  /// Joins parts by sender, reference and number of parts; in the order in which they were sent.
  static func joined(_ messages: [(place: Place, deliver: SMSDeliver)]) -> [StoredText] {
    struct Key: Hashable {
      let sender: String
      let reference: UInt16
      let total: UInt8
      let isWide: Bool
    }
    var texts: [StoredText] = []
    var parts: [Key: [(place: Place, deliver: SMSDeliver)]] = [:]
    for message in messages {
      guard let part = message.deliver.concatenation, part.total > 1 else {
        texts.append(StoredText([message], total: 1))
        continue
      }
      let sender = message.deliver.originatingAddress.displayText
      parts[Key(sender: sender, reference: part.reference, total: part.total, isWide: part.isWide), default: []].append(message)
    }
    for (key, messages) in parts {
      texts.append(
        StoredText(
          messages.sorted { ($0.deliver.concatenation?.number ?? 0) < ($1.deliver.concatenation?.number ?? 0) },
          total: Int(key.total)))
    }
    return texts.sorted { ($0.sent?.millisecondsSince1970 ?? 0, $0.places[0].index) < ($1.sent?.millisecondsSince1970 ?? 0, $1.places[0].index) }
  }

  private init(_ messages: [(place: Place, deliver: SMSDeliver)], total: Int) {
    places = messages.map(\.place)
    sender = messages[0].deliver.originatingAddress.displayText
    sent = messages.compactMap { $0.deliver.serviceCentreTimestamp.wallTime }.min()
    // A part that was brought twice is one.
    var numbers: Set<UInt8> = []
    let different = messages.filter { numbers.insert($0.deliver.concatenation?.number ?? 1).inserted }
    text = MessageText.decode(different.map { ($0.deliver.userData, $0.deliver.dataCodingScheme) })
    missingPartCount = max(0, total - different.count)
  }
}
