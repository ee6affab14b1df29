public import ArgumentParser
internal import QMI
public import Telephony
internal import VirtualModem

extension PhoneNumber: ExpressibleByArgument {
  public init?(argument: String) {
    try? self.init(e164: argument)
  }

  public var defaultValueDescription: String { e164 }
}

extension Duration {
  /// Seconds with up to three decimals, `2.5` or `0.25`; not negative, at most a day.
  init?(seconds text: Substring) {
    guard let seconds = Double(text), seconds >= 0, seconds <= 86_400 else { return nil }
    self = .milliseconds(Int64((seconds * 1000).rounded()))
  }
}

/// `VALUE*COUNT` cut at the star: for how many times something holds. Nil when the count is no positive number.
private func split(count text: Substring) -> (rest: Substring, count: Int?)? {
  guard let star = text.lastIndex(of: "*") else { return (text, nil) }
  guard let count = Int(text[text.index(after: star)...]), count > 0 else { return nil }
  return (text[..<star], count)
}

/// A number as people write it for the wire: `21` or `0x15`.
private func integer<Value: FixedWidthInteger>(_ text: Substring, as type: Value.Type = Value.self) -> Value? {
  text.hasPrefix("0x") ? Value(text.dropFirst(2), radix: 16) : Value(text)
}

/// Whom a rule is about: `any`, `from:SENDER`, `to:RECIPIENT`, or a recipient alone; behind `=` comes the rule's value.
struct RuleArgument: ExpressibleByArgument {
  var match: CarrierRule.Match
  var value: Substring?
  var count: Int?

  init?(argument: String) {
    guard let (rest, count) = split(count: argument[...]) else { return nil }
    self.count = count
    let pieces = rest.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard let who = pieces.first, !who.isEmpty else { return nil }
    value = pieces.count > 1 ? pieces[1] : nil
    if who == "any" {
      match = .any
    } else if who.hasPrefix("from:") {
      match = .sender(String(who.dropFirst(5)))
    } else {
      match = .recipient(String(who.hasPrefix("to:") ? who.dropFirst(3) : who))
    }
  }

  func rule(_ effect: CarrierRule.Effect) -> CarrierRule {
    CarrierRule(match: match, effect: effect, count: count)
  }
}

/// What the carrier does to some messages, as flags that `carrier` and `rules` share.
struct RuleOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Refuse messages with an RP-cause (default 21) and maybe a TP failure cause.",
      discussion: "WHO is any, a recipient, from:SENDER or to:RECIPIENT. *COUNT at the end: only so many messages.",
      valueName: "who[=cause[/fcs]][*count]"))
  var reject: [RuleArgument] = []

  @Option(name: .long, help: ArgumentHelp("Deliver messages so much later.", valueName: "who=seconds[*count]"))
  var delay: [RuleArgument] = []

  @Option(name: .long, help: ArgumentHelp("Answer the sender so much later.", valueName: "who=seconds[*count]"))
  var delayAnswer: [RuleArgument] = []

  @Option(name: .long, help: ArgumentHelp("Accept messages and lose them.", valueName: "who[*count]"))
  var drop: [RuleArgument] = []

  @Option(name: .long, help: ArgumentHelp("Neither answer nor deliver.", valueName: "who[*count]"))
  var silence: [RuleArgument] = []

  @Option(name: .long, help: ArgumentHelp("Deliver messages so many times.", valueName: "who=times[*count]"))
  var `repeat`: [RuleArgument] = []

  func rules() throws -> [CarrierRule] {
    var rules: [CarrierRule] = []
    for argument in reject {
      let causes = (argument.value ?? "21").split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
      guard let cause = causes.first.flatMap({ integer($0, as: UInt8.self) }) else {
        throw ValidationError("--reject: an RP-cause is a number from 0 to 255")
      }
      var failureCause: FailureCause?
      if causes.count > 1 {
        guard let value = integer(causes[1], as: UInt8.self) else {
          throw ValidationError("--reject: a TP failure cause is a number from 0 to 255")
        }
        failureCause = FailureCause(rawValue: value)
      }
      rules.append(argument.rule(.reject(RPCause(rawValue: cause), failureCause: failureCause)))
    }
    for argument in delay { rules.append(argument.rule(.delay(try seconds(argument, "--delay")))) }
    for argument in delayAnswer {
      rules.append(argument.rule(.delayAnswer(try seconds(argument, "--delay-answer"))))
    }
    for argument in drop { rules.append(argument.rule(.drop)) }
    for argument in silence { rules.append(argument.rule(.silence)) }
    for argument in `repeat` {
      guard let times = argument.value.flatMap({ Int($0) }), (2...100).contains(times) else {
        throw ValidationError("--repeat: wants WHO=TIMES, from 2 to 100")
      }
      rules.append(argument.rule(.repeated(times)))
    }
    return rules
  }

  private func seconds(_ argument: RuleArgument, _ option: String) throws -> Duration {
    guard let duration = argument.value.flatMap({ Duration(seconds: $0) }) else {
      throw ValidationError("\(option): wants WHO=SECONDS")
    }
    return duration
  }
}

/// `SERVICE[/MESSAGE]=EFFECT[*COUNT]`: what a modem does wrong.
struct FaultArgument: ExpressibleByArgument {
  var fault: ModemFault

  init?(argument: String) {
    guard let (rest, count) = split(count: argument[...]) else { return nil }
    let sides = rest.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard sides.count == 2 else { return nil }
    let target = sides[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let services: [Substring: QMIService] = [
      "ctl": .control, "wds": .wds, "dms": .dms, "nas": .nas, "wms": .wms, "voice": .voice, "uim": .uim, "wda": .wda,
    ]
    guard let service = services[target[0]] ?? integer(target[0], as: UInt8.self).map(QMIService.init(rawValue:)) else {
      return nil
    }
    var message: MessageID?
    if target.count > 1 {
      guard let number = integer(target[1], as: UInt16.self) else { return nil }
      message = MessageID(rawValue: number)
    }
    let words = sides[1].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let effect: ModemFault.Effect
    switch words.first {
    case "silence" where words.count == 1:
      effect = .silence
    case "error" where words.count == 2:
      guard let number = integer(words[1], as: UInt16.self) else { return nil }
      effect = .failure(QMIError(rawValue: number))
    case "delay" where words.count == 2:
      guard let duration = Duration(seconds: words[1]) else { return nil }
      effect = .delay(duration)
    default:
      return nil
    }
    fault = ModemFault(service: service, message: message, effect: effect, count: count)
  }
}
