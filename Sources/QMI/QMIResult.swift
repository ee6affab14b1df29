/// The outcome that every response carries in its result TLV (0x02): a status (zero is success) and an error code.
public enum QMIResult: Hashable, Sendable {
  case success
  case failure(QMIError)

  /// Where the result is found in a response of any service.
  @inlinable public static var tag: TLV.Tag { 0x02 }

  /// True for `.success`.
  @inlinable public var isSuccess: Bool { self == .success }

  /// The error of a failure, nil for success.
  @inlinable public var error: QMIError? {
    switch self {
    case .success: nil
    case .failure(let error): error
    }
  }

  /// Success for ``QMIError/none``, a failure for any other error.
  @inlinable
  public init(_ error: QMIError) {
    self = error == .none ? .success : .failure(error)
  }

  /// - Throws: when the TLV is shorter than its two numbers.
  init(reading reader: inout TLVReader) throws(QMIDecodingError) {
    let status = try reader.readUInt16()
    let error = QMIError(rawValue: try reader.readUInt16())
    // The status decides, as in libqmi: some modems leave a number in the code of a success.
    self = status == 0 ? .success : .failure(error)
  }
}

extension QMIResult: CustomStringConvertible {
  public var description: String {
    switch self {
    case .success: "success"
    case .failure(let error): "failure: \(error)"
    }
  }
}
