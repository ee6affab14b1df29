extension UserData {
  /// User data from the fields of a TPDU that was taken apart.
  ///
  /// - Parameters:
  ///   - count: TP-UDL, in `unit`s.
  ///   - octets: TP-UD, exactly as many as `count` stands for.
  ///   - hasHeader: TP-UDHI.
  public init(unit: Unit, count: UInt8, octets: [UInt8], hasHeader: Bool) throws(TPDUError) {
    var reader = OctetReader([count] + octets)
    try self.init(from: &reader, unit: unit, hasHeader: hasHeader)
    guard self.octets.count == octets.count else { throw .tooLong(.userData) }
  }
}
