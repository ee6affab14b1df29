extension WMS {
  /// What a modem tells, beside the result, about a message that did not go out.
  public struct SendFailure: Hashable, Sendable {
    /// The network's reason, with ``QMIError/wmsCauseCode``.
    public struct Cause: Hashable, Sendable {
      public var rpCause: RPCause
      /// Meaningful for RP-causes that come from the service centre.
      public var tpCause: TPCause

      public init(rpCause: RPCause, tpCause: TPCause) {
        self.rpCause = rpCause
        self.tpCause = tpCause
      }
    }

    public var cause: Cause?
    /// True when sending again is pointless, nil when the modem does not say.
    public var isPermanent: Bool?

    public init(cause: Cause? = nil, isPermanent: Bool? = nil) {
      self.cause = cause
      self.isPermanent = isPermanent
    }

    /// - Returns: nil when neither TLV is there.
    init?(_ frame: QMUXFrame, causeTag: TLV.Tag, typeTag: TLV.Tag) throws(QMIDecodingError) {
      if var reader = frame.reader(of: causeTag) {
        cause = Cause(
          rpCause: RPCause(rawValue: try reader.readUInt16()), tpCause: TPCause(rawValue: try reader.readUInt8()))
      }
      isPermanent = try frame.optionalBool(of: typeTag)
      if cause == nil && isPermanent == nil { return nil }
    }

    func encode(to builder: inout QMIMessageBuilder, causeTag: TLV.Tag, typeTag: TLV.Tag) {
      if let cause {
        builder.append(causeTag) { writer in
          writer.append(cause.rpCause.rawValue)
          writer.append(cause.tpCause.rawValue)
        }
      }
      builder.append(typeTag, ifPresent: isPermanent)
    }
  }
}
