import Glibc
import ModemHost
import Testing

struct StateDirectoryTests {
  let parent = TestDirectory()
  var path: String { parent.file("state") }

  @Test func filesAreWrittenReadListedAndRemoved() throws {
    defer { cleanUp(path) }
    let state = try StateDirectory(path: path)
    #expect(try state.list() == [])
    #expect(try state.read("token") == nil)
    try state.write("token", [1, 2, 3])
    try state.write("empty", [])
    try state.write("large", [UInt8](repeating: 7, count: 3_000_000))
    #expect(try state.list() == ["empty", "large", "token"])
    #expect(try state.read("token") == [1, 2, 3])
    #expect(try state.read("empty") == [])
    #expect(try state.read("large")?.count == 3_000_000)
    try state.write("token", [4])
    #expect(try state.read("token") == [4])
    try state.remove("token")
    try state.remove("token")
    #expect(try state.list() == ["empty", "large"])
  }

  @Test func everythingIsPrivate() async {
    // The file mode creation mask belongs to the whole process.
    await #expect(processExitsWith: .success) {
      let parent = TestDirectory()
      let path = parent.file("state")
      let deep = "\(path)/deeper"
      defer { cleanUp("\(deep)/spool", deep, path) }
      umask(0)
      let state = try StateDirectory(path: deep)
      try state.write("key", [1])
      precondition(mode(path) == 0o700 && mode(deep) == 0o700 && mode("\(deep)/key") == 0o600)
      // Permissions that someone gave away are taken back.
      chmod(deep, 0o755)
      chmod("\(deep)/key", 0o664)
      _ = try StateDirectory(path: deep)
      precondition(mode(deep) == 0o700 && mode("\(deep)/key") == 0o600)
      let spool = try state.subdirectory("spool")
      try spool.write("1", [2])
      precondition(mode("\(deep)/spool") == 0o700)
      let names = try state.list()
      let octets = try state.subdirectory("spool").read("1")
      precondition(names == ["key"] && octets == [2])
    }
  }

  @Test func aWriteThatFailsLeavesTheOldFileAndNoRest() async {
    // The limit belongs to the whole process.
    await #expect(processExitsWith: .success) {
      let parent = TestDirectory()
      let path = parent.file("state")
      defer { cleanUp(path) }
      let state = try StateDirectory(path: path)
      try state.write("token", [1])
      limitFileSize(1_000_000)
      do throws(FileError) {
        try state.write("token", [UInt8](repeating: 2, count: 2_000_000))
        preconditionFailure("written")
      } catch {
        precondition(error.description == "can't write \(path)/token: File too large")
      }
      let octets = try state.read("token")
      precondition(octets == [1] && entries(of: path) == ["token"])
    }
  }

  @Test func whatACrashLeftBehindIsNotListedAndGoesAtTheNextStart() throws {
    defer { cleanUp(path) }
    let state = try StateDirectory(path: path)
    try state.write("token", [1])
    parent.write("half", to: "state/.new-token")
    #expect(try state.list() == ["token"])
    #expect(entries(of: path) == [".new-token", "token"])
    _ = try StateDirectory(path: path)
    #expect(entries(of: path) == ["token"])
  }

  @Test func severalFilesComeTogether() throws {
    defer { cleanUp(path) }
    let state = try StateDirectory(path: path)
    try state.write([("a", [1]), ("b", []), ("c", [UInt8](repeating: 3, count: 100_000))])
    #expect(entries(of: path) == ["a", "b", "c"])
    #expect(try state.read("a") == [1] && state.read("b") == [] && state.read("c")?.count == 100_000)
    try state.write([])
    try state.write([("d", [4])])
    #expect(try state.read("d") == [4])
    #expect(throws: FileError.self) { try state.write([("e", [1]), (".f", [2])]) }
    #expect(entries(of: path) == ["a", "b", "c", "d"])
  }

  @Test func ofSeveralFilesNoneIsThereWhenOneCannotBeWritten() async {
    // The limit belongs to the whole process.
    await #expect(processExitsWith: .success) {
      let parent = TestDirectory()
      let path = parent.file("state")
      defer { cleanUp(path) }
      let state = try StateDirectory(path: path)
      limitFileSize(1_000_000)
      do throws(FileError) {
        try state.write([("a", [1]), ("b", [UInt8](repeating: 2, count: 2_000_000)), ("c", [3])])
        preconditionFailure("written")
      } catch {
        precondition(error.description == "can't write \(path)/a: File too large")
      }
      precondition(entries(of: path) == [])
      // A folder is in the way of a name: what has its name already is taken back.
      mkdir("\(path)/b", 0o700)
      do throws(FileError) {
        try state.write([("a", [1]), ("b", [2]), ("c", [3])])
        preconditionFailure("written")
      } catch {
        precondition(entries(of: path) == ["b"])
      }
      rmdir("\(path)/b")
    }
  }

  /// What a crash leaves at each step, and what is there after the next start.
  @Test(arguments: [
    ([".new-a"], nil, []),
    ([".new-a", ".new-b"], nil, []),
    ([".new-a", ".new-b", ".new-.commit"], nil, []),
    ([".new-a", ".new-b"], "a\0b\0", ["a", "b"]),
    (["a", ".new-b"], "a\0b\0", ["a", "b"]),
    (["a", "b"], "a\0b\0", ["a", "b"]),
    (["a", "b"], nil, ["a", "b"]),
    // A list that is not ours leads nowhere else.
    ([".new-a", ".new-b"], "../a\0.x\0\0b", []),
  ] as [([String], String?, [String])])
  func aCrashLeavesAllOrNone(_ left: [String], _ list: String?, _ there: [String]) throws {
    defer { cleanUp(path) }
    mkdir(path, 0o700)
    for name in left { parent.write("whole", to: "state/\(name)") }
    if let list {
      let descriptor = open("\(path)/.commit", O_WRONLY | O_CREAT, 0o600)
      #expect(write(descriptor, Array(list.utf8), list.utf8.count) == list.utf8.count)
      close(descriptor)
    }
    let state = try StateDirectory(path: path)
    #expect(entries(of: path) == there)
    for name in there { #expect(try state.read(name) == Array("whole".utf8)) }
  }

  @Test func aFileGetsAnotherName() throws {
    defer { cleanUp(path) }
    let state = try StateDirectory(path: path)
    try state.write("1a", [1])
    try state.write("1a.damaged", [2])
    try state.rename("1a", to: "1a.damaged")
    #expect(entries(of: path) == ["1a.damaged"])
    #expect(try state.read("1a.damaged") == [1])
    #expect(throws: FileError.self) { try state.rename("1a", to: "b") }
    #expect(throws: FileError.self) { try state.rename("1a.damaged", to: "../b") }
  }

  @Test(arguments: ["", ".", "..", ".hidden", "a/b", "/etc/passwd", "../up", String(repeating: "n", count: 201)])
  func namesThatAreNotPlainAreRefused(name: String) throws {
    defer { cleanUp(path) }
    let state = try StateDirectory(path: path)
    #expect(throws: FileError.self) { try state.write(name, [1]) }
    #expect(throws: FileError.self) { try state.read(name) }
    #expect(throws: FileError.self) { try state.remove(name) }
    #expect(throws: FileError.self) { try state.subdirectory(name) }
    try state.write(String(repeating: "n", count: 200), [1])
  }

  @Test func linksAndFoldersAreNotFiles() throws {
    defer { cleanUp("\(path)/folder", path) }
    let state = try StateDirectory(path: path)
    parent.write("outside", to: "secret")
    symlink(parent.file("secret"), "\(path)/link")
    mkdir("\(path)/folder", 0o700)
    #expect(throws: FileError.self) { try state.read("link") }
    #expect(throws: FileError.self) { try state.read("folder") }
    #expect(try state.list() == [])
    // Writing replaces the link, not what it leads to.
    try state.write("link", [1])
    #expect(try state.read("link") == [1])
    #expect(parent.exists("secret"))
  }

  @Test func onlyOneHasTheLock() throws {
    defer { cleanUp(path) }
    let first = try StateDirectory(path: path)
    try first.lock()
    try first.lock()
    do {
      let second = try StateDirectory(path: path)
      let error = #expect(throws: FileError.self) { try second.lock() }
      #expect(error?.isHeldByAnother == true && error?.operation == "lock")
    }
    withExtendedLifetime(first) {}
  }

  @Test func theLockGoesWithItsOwner() throws {
    defer { cleanUp(path) }
    do { try StateDirectory(path: path).lock() }
    try StateDirectory(path: path).lock()
  }

  @Test func aPathThatIsNoDirectoryIsReported() throws {
    parent.write("x", to: "file")
    #expect(throws: FileError.self) { try StateDirectory(path: parent.file("file")) }
    #expect(throws: FileError.self) { try StateDirectory(path: "\(parent.file("file"))/below") }
    #expect(throws: FileError.self) { try StateDirectory(path: "") }
    let link = parent.file("link")
    defer { cleanUp(path) }
    mkdir(path, 0o700)
    symlink(path, link)
    // systemd's StateDirectory= is a link when the user is a dynamic one.
    try StateDirectory(path: link + "/").write("a", [1])
  }
}

/// Names in a directory, hidden ones too, sorted.
private func entries(of path: String) -> [String] {
  guard let directory = opendir(path) else { return [] }
  defer { closedir(directory) }
  var names: [String] = []
  while let entry = readdir(directory) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}

/// TestDirectory removes plain files only.
private func cleanUp(_ paths: String...) {
  for path in paths {
    for name in entries(of: path) { unlink("\(path)/\(name)") }
    rmdir(path)
  }
}

private func mode(_ path: String) -> mode_t? {
  var status = stat()
  return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
}

/// Makes writing beyond `octetCount` fail for this whole process.
func limitFileSize(_ octetCount: UInt) {
  signal(SIGXFSZ, SIG_IGN)
  var limit = rlimit(rlim_cur: rlim_t(octetCount), rlim_max: rlim_t(octetCount))
  setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
}
