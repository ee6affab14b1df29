internal import Glibc

/// A file read from the beginning in pieces, however large it is.
final class OctetFile {
  static let pieceCount = 1 << 20

  let path: String
  private let descriptor: Int32
  private let buffer: UnsafeMutableRawBufferPointer

  init(_ path: String) throws {
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw LabError("cannot read \(path): \(String(cString: strerror(errno)))") }
    self.path = path
    buffer = .allocate(byteCount: Self.pieceCount, alignment: 16)
  }

  deinit {
    close(descriptor)
    buffer.deallocate()
  }

  /// The next octets, valid until the next call; nil at the end.
  func next() throws -> UnsafeRawBufferPointer? {
    while true {
      let count = read(descriptor, buffer.baseAddress, buffer.count)
      if count > 0 { return UnsafeRawBufferPointer(rebasing: buffer[..<count]) }
      if count == 0 { return nil }
      guard errno == EINTR else { throw LabError("cannot read \(path): \(String(cString: strerror(errno)))") }
    }
  }

  /// - Throws: when it is longer than `limit`.
  static func whole(_ path: String, limit: Int) throws -> [UInt8] {
    let file = try OctetFile(path)
    var octets: [UInt8] = []
    while let piece = try file.next() {
      octets += piece
      guard octets.count <= limit else { throw LabError("\(path) has more than \(limit) octets") }
    }
    return octets
  }
}
