internal import FoundationEssentials

/// Reads and writes textual encodings of RFC 7468: labelled base64 blocks. Text between blocks is a comment.
enum PEMText {
  struct Block: Hashable {
    var label: String
    var octets: [UInt8]
  }

  static let maximumOctetCount = 262_144
  private static let begin = "-----BEGIN "
  private static let end = "-----END "
  private static let rule = "-----"

  static func blocks(in text: String) throws(KeyFileError) -> [Block] {
    guard text.utf8.count <= maximumOctetCount else { throw .tooLarge }
    var blocks: [Block] = []
    var open: (label: String, line: Int, base64: String)?
    for (index, rawLine) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let line = trimmed(rawLine)
      if var block = open {
        if line == end + block.label + rule {
          guard let data = Data(base64Encoded: block.base64), !data.isEmpty else {
            throw .malformed(line: block.line, expected: "base64 in the \"\(block.label)\" block")
          }
          blocks.append(Block(label: block.label, octets: [UInt8](data)))
          open = nil
        } else if line.hasPrefix(rule) {
          throw .malformed(line: index + 1, expected: "\(end)\(block.label)\(rule)")
        } else {
          block.base64 += line
          open = block
        }
      } else if line.hasPrefix(begin), line.hasSuffix(rule), line.count > begin.count + rule.count {
        open = (String(line.dropFirst(begin.count).dropLast(rule.count)), index + 1, "")
      }
    }
    if let open { throw .malformed(line: open.line, expected: "an end to the \"\(open.label)\" block") }
    return blocks
  }

  static func text(_ blocks: [Block]) -> String {
    var text = ""
    for block in blocks {
      text += begin + block.label + rule + "\n"
      var rest = Substring(Data(block.octets).base64EncodedString())
      while !rest.isEmpty {
        text += rest.prefix(64) + "\n"
        rest = rest.dropFirst(64)
      }
      text += end + block.label + rule + "\n"
    }
    return text
  }

  private static func trimmed(_ line: Substring) -> String {
    let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" }
    var line = line.drop(while: isSpace)
    while let last = line.last, isSpace(last) { line.removeLast() }
    return String(line)
  }
}

extension [PEMText.Block] {
  func all(_ label: String) -> [[UInt8]] {
    filter { $0.label == label }.map(\.octets)
  }

  /// The octets of the one block of that label.
  func one(_ label: String) throws(KeyFileError) -> [UInt8] {
    let found = all(label)
    guard let octets = found.first else { throw .missing(label) }
    guard found.count == 1 else { throw .repeated(label) }
    return octets
  }
}

/// The labels of the blocks in the relay's files.
enum KeyFileLabel {
  static let certificate = "CERTIFICATE"
  /// Generation (4 octets, big-endian) ‖ compressed P-384 point (49).
  static let tokenKey = "SHUNT TOKEN KEY"
  /// X-Wing public key (1,216).
  static let registrationKey = "SHUNT REGISTRATION KEY"
  /// 32 octets.
  static let numberSalt = "SHUNT NUMBER SALT"
  /// Generation (4 octets, big-endian) ‖ P-384 scalar (48).
  static let tokenPrivateKey = "SHUNT TOKEN PRIVATE KEY"
  /// X-Wing seed (32).
  static let registrationPrivateKey = "SHUNT REGISTRATION PRIVATE KEY"
}
