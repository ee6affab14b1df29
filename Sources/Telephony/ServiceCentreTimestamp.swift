/// TP-SCTS, TP-DT and the absolute TP-VP (3GPP TS 23.040 §9.2.3.11): seven octets of swapped semi-octets, local time and the zone in
/// quarters of an hour.
///
/// The octets are kept as they are; a value that is no date has no ``wallTime``.
public struct ServiceCentreTimestamp: Hashable, Sendable {
  /// Seven.
  public static let octetCount = 7

  /// The wire form: seven octets.
  public let octets: [UInt8]

  init(from reader: inout OctetReader, _ field: TPDUField) throws(TPDUError) {
    octets = try reader.octets(Self.octetCount, field)
  }

  /// Takes exactly seven octets.
  public init(octets: [UInt8]) throws(TPDUError) {
    guard octets.count >= Self.octetCount else { throw .truncated(.timestamp) }
    guard octets.count == Self.octetCount else { throw .trailingOctets(octets.count - Self.octetCount) }
    self.octets = octets
  }

  /// The second `time` falls into, written in the local time of a zone.
  /// - Parameters:
  ///   - time: years 1990…2089 have a form of their own; others are written by their last two digits.
  ///   - quartersFromUTC: the zone's distance in quarters of an hour, −79…79; outside, the nearest of these.
  public init(_ time: WallTime, quartersFromUTC: Int = 0) {
    let quarters = min(max(quartersFromUTC, -79), 79)
    let civil = CivilTime(time.adding(.seconds(quarters * 900)))
    let zone = Self.swapped(abs(quarters)) | (quarters < 0 ? 0x08 : 0)
    let year = ((civil.year % 100) + 100) % 100
    octets = [year, civil.month, civil.day, civil.hour, civil.minute, civil.second].map(Self.swapped) + [zone]
  }

  /// The moment named, or nil when the octets name none. Two-digit years from 90 are of the last century.
  public var wallTime: WallTime? {
    let values = octets.prefix(6).map(Self.value)
    guard values.count == 6, let quartersFromUTC else { return nil }
    let fields = values.compactMap { $0 }
    guard fields.count == 6 else { return nil }
    let civil = CivilTime(
      year: fields[0] >= 90 ? 1900 + fields[0] : 2000 + fields[0],
      month: fields[1], day: fields[2], hour: fields[3], minute: fields[4], second: fields[5])
    return civil?.wallTime.adding(.seconds(-quartersFromUTC * 900))
  }

  /// The zone: quarters of an hour east of UTC, −79…79; nil when the octet is no number.
  public var quartersFromUTC: Int? {
    let octet = octets[Self.octetCount - 1]
    let tens = Int(octet & 0x07)
    let units = Int(octet >> 4)
    guard units < 10 else { return nil }
    return octet & 0x08 == 0 ? tens * 10 + units : -(tens * 10 + units)
  }

  /// 0…99 as swapped semi-octets.
  private static func swapped(_ value: Int) -> UInt8 { UInt8((value % 10) << 4 | (value / 10) % 10) }

  private static func value(_ octet: UInt8) -> Int? {
    let tens = Int(octet & 0x0F)
    let units = Int(octet >> 4)
    return tens < 10 && units < 10 ? tens * 10 + units : nil
  }
}
