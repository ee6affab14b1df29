/// What is fuzzed. Each takes any octets, and neither traps nor throws while all is well.
///
/// The inputs kept for it are in `Tests/Fuzzing/Corpus`, in a folder of its name; the suite runs them all.
public enum FuzzTarget: String, CaseIterable, Sendable {
  case interposer = "FuzzInterposer"
  case qmux = "FuzzQMUX"
  case relayFrame = "FuzzRelayFrame"
  case tlv = "FuzzTLV"
  case tpdu = "FuzzTPDU"
  case wms = "FuzzWMS"

  /// - Throws: what should not be so.
  public func run(_ input: [UInt8]) throws(Finding) {
    switch self {
    case .interposer: try InterposerProgram.run(input)
    case .qmux: try QMUXTarget.run(input)
    case .relayFrame: try RelayFrameTarget.run(input)
    case .tlv: try TLVTarget.run(input)
    case .tpdu: try TPDUTarget.run(input)
    case .wms: try WMSTarget.run(input)
    }
  }
}

/// What should not be so, in words.
public struct Finding: Error, Hashable, CustomStringConvertible {
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}

func check(_ condition: Bool, _ description: @autoclosure () -> String) throws(Finding) {
  guard condition else { throw Finding(description()) }
}
