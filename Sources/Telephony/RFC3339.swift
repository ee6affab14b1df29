/// The date form of logs and the wire, without Foundation.
enum RFC3339 {
  static func format(_ time: WallTime) -> String {
    let civil = CivilTime(time)
    let sign = civil.year < 0 ? "-" : ""
    return sign + padded(abs(civil.year), 4) + "-" + padded(civil.month, 2) + "-" + padded(civil.day, 2) + "T"
      + padded(civil.hour, 2) + ":" + padded(civil.minute, 2) + ":" + padded(civil.second, 2) + "."
      + padded(civil.millisecond, 3) + "Z"
  }

  private static func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(width - digits.utf8.count, 0)) + digits
  }

  static func parse(_ octets: [UInt8]) -> WallTime? {
    var position = 0
    func peek() -> UInt8? { position < octets.count ? octets[position] : nil }
    func take(_ allowed: [UInt8]) -> Bool {
      guard let octet = peek(), allowed.contains(octet) else { return false }
      position += 1
      return true
    }
    func number(_ count: Int) -> Int? {
      var value = 0
      for _ in 0..<count {
        guard let octet = peek(), octet.isASCIIDigit else { return nil }
        value = value * 10 + Int(octet - 0x30)
        position += 1
      }
      return value
    }
    let dash = UInt8(ascii: "-"), colon = UInt8(ascii: ":")
    guard let year = number(4), take([dash]), let month = number(2), take([dash]), let day = number(2),
      take(Array("Tt ".utf8)), let hour = number(2), take([colon]), let minute = number(2), take([colon]), let second = number(2)
    else { return nil }
    var millisecond = 0
    if take([UInt8(ascii: ".")]) {
      guard let first = peek(), first.isASCIIDigit else { return nil }
      var scale = 100
      while let octet = peek(), octet.isASCIIDigit {
        millisecond += Int(octet - 0x30) * scale
        scale /= 10
        position += 1
      }
    }
    var offsetMinutes = 0
    if !take(Array("Zz".utf8)) {
      guard let sign = peek(), take(Array("+-".utf8)), let hours = number(2), take([colon]), let minutes = number(2),
        hours < 24, minutes < 60
      else { return nil }
      offsetMinutes = (hours * 60 + minutes) * (sign == dash ? -1 : 1)
    }
    guard position == octets.count,
      let civil = CivilTime(
        year: year, month: month, day: day, hour: hour, minute: minute, second: second, millisecond: millisecond)
    else { return nil }
    return civil.wallTime.adding(.seconds(-offsetMinutes * 60))
  }
}
