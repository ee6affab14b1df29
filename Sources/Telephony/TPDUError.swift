/// Why octets are not a TPDU this module understands, or why a TPDU cannot be made from the parts given.
///
/// A caller that forwards messages treats any of them the same way: pass the original octets on untouched.
public enum TPDUError: Error, Equatable, Sendable {
  /// The octets end inside this field.
  case truncated(TPDUField)
  /// Octets are left after the last field; how many.
  case trailingOctets(Int)
  /// TP-MTI says another kind of message; the two low bits of the first octet.
  case wrongMessageType(UInt8)
  /// The field holds a value that the specification reserves and that would change how the rest is read.
  case reserved(TPDUField)
  /// The field contradicts itself or another field.
  case malformed(TPDUField)
  /// The field is longer than the specification allows.
  case tooLong(TPDUField)
}

/// The fields a ``TPDUError`` can name (3GPP TS 23.040 §9.2.2 and, for the first, TS 24.011 §8.2.5).
public enum TPDUField: Equatable, Sendable {
  /// The service centre's address in front of the TPDU.
  case serviceCentreAddress
  /// The octet with TP-MTI and the flags.
  case firstOctet
  /// TP-MR.
  case messageReference
  /// TP-DA, TP-OA or TP-RA.
  case address
  /// TP-PID.
  case protocolIdentifier
  /// TP-DCS.
  case dataCodingScheme
  /// TP-VP.
  case validityPeriod
  /// TP-SCTS or TP-DT.
  case timestamp
  /// TP-ST.
  case status
  /// TP-PI.
  case parameterIndicator
  /// TP-UDL.
  case userDataLength
  /// TP-UD without its header.
  case userData
  /// The header at the start of TP-UD.
  case userDataHeader
}
