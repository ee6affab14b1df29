/// A date and time of day in UTC, proleptic Gregorian calendar.
public struct CivilTime: Hashable, Sendable {
  /// Astronomical: 0 is the year before 1.
  public let year: Int
  /// 1…12.
  public let month: Int
  /// 1…31.
  public let day: Int
  /// 0…23.
  public let hour: Int
  /// 0…59.
  public let minute: Int
  /// 0…59.
  public let second: Int
  /// 0…999.
  public let millisecond: Int

  /// Nil when a field is out of its range or the month has no such day. Years −999,999…999,999.
  public init?(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0, millisecond: Int = 0) {
    guard (-999_999...999_999).contains(year), (1...12).contains(month), day >= 1, day <= Self.dayCount(month: month, year: year),
      (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second), (0...999).contains(millisecond)
    else { return nil }
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
    self.millisecond = millisecond
  }

  /// The date and time of day at a moment.
  public init(_ time: WallTime) {
    let (days, inDay) = Self.flooredDivision(time.millisecondsSince1970, 86_400_000)
    // Count from 0000-03-01, so that the leap day ends a year, in cycles of 400 years.
    let (cycle, dayOfCycle) = Self.flooredDivision(days + 719_468, 146_097)
    let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
    let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = Int(cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0))
    self.month = Int(month)
    day = Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    hour = Int(inDay / 3_600_000)
    minute = Int(inDay / 60_000 % 60)
    second = Int(inDay / 1000 % 60)
    millisecond = Int(inDay % 1000)
  }

  /// The moment this names, in UTC.
  public var wallTime: WallTime {
    let yearFromMarch = Int64(month <= 2 ? year - 1 : year)
    let (cycle, yearOfCycle) = Self.flooredDivision(yearFromMarch, 400)
    let monthFromMarch = Int64(month > 2 ? month - 3 : month + 9)
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + Int64(day) - 1
    let days = cycle * 146_097 + yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear - 719_468
    let seconds = days * 86_400 + Int64(hour) * 3600 + Int64(minute) * 60 + Int64(second)
    return WallTime(millisecondsSince1970: seconds * 1000 + Int64(millisecond))
  }

  static func dayCount(month: Int, year: Int) -> Int {
    switch month {
    case 4, 6, 9, 11: 30
    case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
    default: 31
    }
  }

  private static func flooredDivision(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
