internal import Foundation
internal import Glibc

/// Whole small files, with errors that name them. Blocking: for start-up only.
enum FileIO {
  /// Far more than any of the relay's own files has.
  static let maximumOctetCount = 1 << 20

  /// - Parameter isSecret: refuse a file that group or others may read.
  static func read(_ path: String, isSecret: Bool = false) throws(RelayError) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .cannotRead(path: path, reason: lastReason()) }
    defer { close(file) }
    if isSecret, try isExposed(path) { throw .exposed(path: path) }
    var octets: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = Glibc.read(file, &chunk, chunk.count)
      if count == 0 { return octets }
      if count < 0 {
        if errno == EINTR { continue }
        throw .cannotRead(path: path, reason: lastReason())
      }
      octets += chunk[..<count]
      guard octets.count <= maximumOctetCount else {
        throw .cannotRead(path: path, reason: "larger than \(maximumOctetCount) octets")
      }
    }
  }

  /// Makes a new file; one that is there is left alone.
  static func create(_ path: String, _ text: String, mode: mode_t) throws(RelayError) {
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard file >= 0 else {
      throw errno == EEXIST ? .alreadyThere(path: path) : .cannotWrite(path: path, reason: lastReason())
    }
    defer { close(file) }
    // Whatever the umask took away or an ACL added.
    guard fchmod(file, mode) == 0, writeAll(Array(text.utf8), to: file), fsync(file) == 0 else {
      throw .cannotWrite(path: path, reason: lastReason())
    }
  }

  /// Puts another text in the place of a file's: all of it or nothing, with the owner and the permissions that it had. A
  /// link is followed.
  static func replace(_ path: String, _ text: String) throws(RelayError) {
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: target),
      let permissions = attributes[.posixPermissions] as? Int, let owner = attributes[.ownerAccountID] as? Int,
      let group = attributes[.groupOwnerAccountID] as? Int
    else { throw .cannotWrite(path: path, reason: "its owner and permissions are unknown") }
    let new = "\(target).new"
    // Left behind by one that was interrupted.
    unlink(new)
    let file = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .cannotWrite(path: new, reason: lastReason()) }
    defer { close(file) }
    guard fchown(file, uid_t(owner), gid_t(group)) == 0, fchmod(file, mode_t(permissions)) == 0,
      writeAll(Array(text.utf8), to: file), fsync(file) == 0, rename(new, target) == 0
    else {
      let reason = lastReason()
      unlink(new)
      throw .cannotWrite(path: path, reason: reason)
    }
    // The name, too, is to survive a loss of power.
    let slash = target.lastIndex(of: "/") ?? target.startIndex
    let directory = open(String(target[..<slash]) + "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw .cannotWrite(path: path, reason: lastReason()) }
    defer { close(directory) }
    guard fsync(directory) == 0 else { throw .cannotWrite(path: path, reason: lastReason()) }
  }

  /// - Returns: false with errno set.
  static func writeAll(_ octets: [UInt8], to file: Int32) -> Bool {
    octets.withUnsafeBytes { writeAll($0, to: file) }
  }

  /// - Returns: false with errno set.
  static func writeAll(_ octets: UnsafeRawBufferPointer, to file: Int32) -> Bool {
    var rest = octets[...]
    while !rest.isEmpty {
      let pending = UnsafeRawBufferPointer(rebasing: rest)
      let count = write(file, pending.baseAddress, pending.count)
      if count < 0 {
        if errno == EINTR { continue }
        return false
      }
      rest = rest.dropFirst(count)
    }
    return true
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  static func isDirectory(_ path: String) -> Bool {
    let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { return errno == EACCES }
    close(directory)
    return true
  }

  /// Whether group or others may read it. A link is followed.
  private static func isExposed(_ path: String) throws(RelayError) -> Bool {
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: target),
      let permissions = attributes[.posixPermissions] as? Int
    else { throw .cannotRead(path: path, reason: "its permissions are unknown") }
    return permissions & 0o077 != 0
  }

  /// Private to this user when it is made here.
  static func makeDirectory(_ path: String) throws(RelayError) {
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .cannotWrite(path: path, reason: lastReason()) }
    guard isDirectory(path) else { throw .cannotWrite(path: path, reason: "not a directory") }
  }

  static func lastReason() -> String { String(cString: strerror(errno)) }
}
