internal import Routing

/// What testing whole ranges costs who has the relay's keys.
struct OfflineReport {
  var withScrypt: OfflineSearch
  var without: OfflineSearch

  /// What scrypt holds while it runs: 128 · N · r.
  private static let scryptOctets = 128 * (1 << 14) * 8

  var lines: [String] {
    var lines = [
      "Who has the relay's keys, its operator or a thief, needs no leave of the relay. One number on one core here:",
      "\(withScrypt.milliseconds.text(2)) ms with scrypt, \(without.milliseconds.text(2)) ms without (the evaluation alone)",
    ]
    var table = Table(["offline, a whole range", "numbers", "with scrypt", "core-years", "without", "core-years"])
    for range in OfflineSearch.ranges {
      var row = [range.name, range.numbers.grouped]
      for search in [withScrypt, without] {
        row += [Int(search.coreHours(range).rounded()).grouped + " core-hours", search.coreYears(range).text(2)]
      }
      table.add(row)
    }
    lines.append(table.text)
    if let range = OfflineSearch.ranges.first {
      lines.append(
        "core-hours are numbers · time / 3,600,000 ms: \(range.numbers.grouped) · \(withScrypt.milliseconds.text(2)) ms = "
          + "\(Int(withScrypt.coreHours(range).rounded()).grouped) core-hours")
      lines.append(
        "So scrypt makes it costly, not impossible: 1,000 cores like this one need "
          + "\((withScrypt.coreHours(range) / 1000).text(1)) hours for the first range.")
    }
    lines.append(
      "Each scrypt holds \(Self.scryptOctets >> 20) MiB while it runs: 1,000 at once hold "
        + "\((Double(1000 * Self.scryptOctets) / Double(1 << 30)).text(1)) GiB.")
    return lines
  }

  var json: [String] {
    OfflineSearch.ranges.map { range in
      var object = JSONObject()
      object.add("range", range.name)
      object.add("numbers", Int64(range.numbers))
      object.add("core_hours_with_scrypt", Int64(withScrypt.coreHours(range).rounded()))
      object.add("core_hours_without", Int64(without.coreHours(range).rounded()))
      object.add("microseconds_with_scrypt", Int64((withScrypt.milliseconds * 1000).rounded()))
      object.add("microseconds_without", Int64((without.milliseconds * 1000).rounded()))
      return object.line
    }
  }
}
