import Glibc

/// A directory that goes away with its content at the end of a test.
final class TestDirectory {
  let path: String

  init() {
    var template = Array("/tmp/shunt-modemhost-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { fatalError("no temporary directory") }
    path = String(cString: made)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func write(_ text: String, to name: String) {
    guard let file = fopen(file(name), "w") else { return }
    fputs(text, file)
    fclose(file)
  }

  func exists(_ name: String) -> Bool {
    var status = stat()
    return lstat(file(name), &status) == 0
  }

  deinit {
    guard let directory = opendir(path) else { return }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { unlink(file(name)) }
    }
    closedir(directory)
    rmdir(path)
  }
}
