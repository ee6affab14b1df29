internal import Glibc
internal import ModemHost

/// A small text file, read whole.
enum TextFile {
  /// Larger files are not what they are taken for.
  static let maximumOctetCount = 1 << 20

  static func read(_ path: String) throws(SystemError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError(number: errno) }
    defer { close(descriptor) }
    var octets: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while octets.count <= maximumOctetCount {
      let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      guard count >= 0 else { throw SystemError(number: errno) }
      if count == 0 { break }
      octets += buffer[0..<count]
    }
    guard octets.count <= maximumOctetCount else { throw SystemError(number: EFBIG) }
    return String(decoding: octets, as: UTF8.self)
  }
}
