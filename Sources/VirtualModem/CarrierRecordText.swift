import Telephony

extension CarrierRecord {
  /// One line of JSON without its line end: `number`, `time` (RFC 3339), `kind`, `outcome`, for a refused one `rp_cause` and maybe `tp_failure_cause`, `from`,
  /// `to`, `text`, for a part `reference`, `part` and `parts`, and `tpdu` in hexadecimal.
  public var jsonLine: String {
    var line = "{\"number\":\(number),\"time\":\"\(time.rfc3339)\",\"kind\":\"\(kind.name)\",\"outcome\":\"\(outcome.name)\""
    if case .refused(let cause, let failureCause) = outcome {
      line += ",\"rp_cause\":\(cause.rawValue)"
      if let failureCause { line += ",\"tp_failure_cause\":\(failureCause.rawValue)" }
    }
    line += ",\"from\":\(Self.quoted(sender)),\"to\":\(Self.quoted(recipient)),\"text\":\(Self.quoted(text))"
    if let part { line += ",\"reference\":\(part.reference),\"part\":\(part.number),\"parts\":\(part.total)" }
    line += ",\"tpdu\":\""
    for octet in tpdu { line += Self.hexadecimal(octet) }
    return line + "\"}"
  }

  /// A JSON string (RFC 8259 §7).
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20: result += "\\u00" + hexadecimal(UInt8(scalar.value))
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  private static func hexadecimal(_ octet: UInt8) -> String {
    (octet < 16 ? "0" : "") + String(octet, radix: 16)
  }
}

extension CarrierRecord.Kind {
  /// As in ``CarrierRecord/jsonLine``.
  public var name: String {
    switch self {
    case .submit: "submit"
    case .inject: "inject"
    case .deliver: "deliver"
    case .statusReport: "status-report"
    }
  }
}

extension CarrierRecord.Outcome {
  /// As in ``CarrierRecord/jsonLine``.
  public var name: String {
    switch self {
    case .accepted: "accepted"
    case .refused: "refused"
    case .dropped: "dropped"
    case .unanswered: "unanswered"
    }
  }
}
