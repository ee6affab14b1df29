internal import CModem
internal import Glibc

/// A directory of small files that survive a power cut, private to this user (mode 0700, files 0600).
///
/// A write replaces a file whole or not at all. Names are plain: no slash, no leading dot, at most 200 octets.
public final class StateDirectory {
  public let path: String
  private let descriptor: Int32

  /// Files here are small; a larger one is not ours.
  public static let maximumOctetCount = 16 << 20

  /// Opens a directory, making it and its missing parents when it is not there. What a crash in the middle of a write
  /// left behind is removed, and permissions that others have are taken back, of the directory and of its files.
  public convenience init(path: String) throws(FileError) {
    try self.init(path: path, result: cm_file_open_directory(path))
  }

  private init(path: String, result: Int32) throws(FileError) {
    guard result >= 0 else { throw FileError(operation: "open", path: path, result: result) }
    self.path = path
    descriptor = result
    let swept = cm_file_sweep(descriptor)
    guard swept >= 0 else { throw FileError(operation: "list", path: path, result: swept) }
  }

  deinit {
    cm_file_close(descriptor)
  }

  /// A directory directly below this one, made when it is not there.
  public func subdirectory(_ name: String) throws(FileError) -> StateDirectory {
    try StateDirectory(path: "\(path)/\(name)", result: cm_file_open_subdirectory(descriptor, name))
  }

  /// Keeps other processes' ``lock()`` out until this object is gone, so that two daemons never share state.
  /// - Throws: a ``FileError`` with ``FileError/isHeldByAnother`` when another process has it.
  public func lock() throws(FileError) {
    try check("lock", nil, cm_file_lock_directory(descriptor))
  }

  /// Replaces or makes a file; durable when this returns.
  public func write(_ name: String, _ octets: [UInt8]) throws(FileError) {
    try check(
      "write", name, octets.withUnsafeBufferPointer { cm_file_write(descriptor, name, $0.baseAddress, $0.count) })
  }

  /// Makes several new files, all of them or none, whatever happens in between; durable when this returns.
  public func write(_ files: [(name: String, octets: [UInt8])]) throws(FileError) {
    // One buffer and one row of names, so that all pointers last for the call.
    let names = files.map { strdup($0.name) }
    defer { for name in names { free(name) } }
    let octets = files.flatMap(\.octets)
    let result = octets.withUnsafeBufferPointer { buffer in
      var contents: [CmFileContents] = []
      var offset = 0
      for (file, name) in zip(files, names) {
        contents.append(
          CmFileContents(name: name, octets: buffer.baseAddress.map { $0 + offset }, count: file.octets.count))
        offset += file.octets.count
      }
      return cm_file_write_several(descriptor, contents, contents.count)
    }
    try check("write", files.first?.name, result)
  }

  /// Gives a file another name, in the place of what has it; durable when this returns.
  public func rename(_ name: String, to newName: String) throws(FileError) {
    try check("rename", name, cm_file_rename(descriptor, name, newName))
  }

  /// A file's octets, nil when there is none.
  public func read(_ name: String) throws(FileError) -> [UInt8]? {
    var octets: UnsafeMutablePointer<UInt8>?
    var count = 0
    let result = cm_file_read(descriptor, name, Self.maximumOctetCount, &octets, &count)
    if FileError(operation: "read", path: name, result: result).isNotFound { return nil }
    try check("read", name, result)
    defer { cm_file_octets_free(octets) }
    return Array(UnsafeBufferPointer(start: octets, count: count))
  }

  /// Names of the files, sorted.
  public func list() throws(FileError) -> [String] {
    var names: [String] = []
    let result = withUnsafeMutablePointer(to: &names) { pointer in
      cm_file_list(
        descriptor,
        { userData, name in
          guard let userData, let name else { return }
          userData.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
        }, pointer)
    }
    try check("list", nil, result)
    return names.sorted()
  }

  /// Removes a file; durable when this returns. Does nothing when there is none.
  public func remove(_ name: String) throws(FileError) {
    let result = cm_file_remove(descriptor, name)
    if FileError(operation: "remove", path: name, result: result).isNotFound { return }
    try check("remove", name, result)
  }

  private func check(_ operation: String, _ name: String?, _ result: Int32) throws(FileError) {
    guard result < 0 else { return }
    throw FileError(operation: operation, path: name.map { "\(path)/\($0)" } ?? path, result: result)
  }
}
