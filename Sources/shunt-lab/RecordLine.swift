internal import Routing
internal import Telephony
internal import VirtualModem

extension CarrierRecord {
  /// The record as a line of JSON: `number`, `time`, `kind` (`submit`, `inject`, `deliver`, `status-report`), `outcome`
  /// (`accepted`, `refused`, `dropped`, `unanswered`), `rp_cause` and `tp_cause` when refused, `from`, `to`, `text`, `reference`, `total` and `part`
  /// of a concatenated message, and `tpdu` in hexadecimal.
  var line: String {
    var object = JSONObject()
    object.add("number", Int64(clamping: number))
    object.add("time", time.rfc3339)
    let kind =
      switch self.kind {
      case .submit: "submit"
      case .inject: "inject"
      case .deliver: "deliver"
      case .statusReport: "status-report"
      }
    object.add("kind", kind)
    switch outcome {
    case .accepted: object.add("outcome", "accepted")
    case .dropped: object.add("outcome", "dropped")
    case .unanswered: object.add("outcome", "unanswered")
    case .refused(let cause, let failureCause):
      object.add("outcome", "refused")
      object.add("rp_cause", Int64(cause.rawValue))
      if let failureCause { object.add("tp_cause", Int64(failureCause.rawValue)) }
    }
    object.add("from", sender)
    object.add("to", recipient)
    object.add("text", text)
    if let part {
      object.add("reference", Int64(part.reference))
      object.add("total", Int64(part.total))
      object.add("part", Int64(part.number))
    }
    object.add("tpdu", tpdu.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    return object.line
  }
}
