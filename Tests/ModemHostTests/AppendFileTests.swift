import Glibc
import ModemHost
import Testing

struct AppendFileTests {
  let directory = TestDirectory()
  var path: String { directory.file("decisions.jsonl") }

  @Test func linesAreAppendedAndReadBack() throws {
    let file = try AppendFile(path: path)
    #expect(try file.lastLines(10) == [])
    for number in 1...5 { try file.append(#"{"id":\#(number)}"#) }
    #expect(try file.lastLines(2) == [#"{"id":4}"#, #"{"id":5}"#])
    #expect(try file.lastLines(5).count == 5)
    #expect(try file.lastLines(100).first == #"{"id":1}"#)
    #expect(try file.lastLines(1) == [#"{"id":5}"#])
    #expect(try file.lastLines(0) == [] && file.lastLines(-1) == [])
    let again = try AppendFile(path: path)
    try again.append("6")
    #expect(try file.lastLines(2) == [#"{"id":5}"#, "6"])
    var status = stat()
    stat(path, &status)
    #expect(status.st_mode & 0o7777 == 0o600)
  }

  @Test func aRotatedFileIsOpenedAnew() throws {
    let file = try AppendFile(path: path)
    try file.append("one")
    rename(path, directory.file("decisions.jsonl.1"))
    #expect(try file.lastLines(5) == [])
    try file.append("two")
    #expect(try file.lastLines(5) == ["two"])
    unlink(path)
    try file.append("three")
    #expect(try file.lastLines(5) == ["three"])
  }

  @Test func aLineThatAPowerCutLeftUnfinishedDoesNotSpoilTheNext() throws {
    directory.write("one\nhal", to: "decisions.jsonl")
    let file = try AppendFile(path: path)
    try file.append("two")
    #expect(try file.lastLines(5) == ["one", "hal", "two"])
  }

  @Test func aLineIsWrittenWholeOrNotAtAll() async {
    // The limit belongs to the whole process.
    await #expect(processExitsWith: .success) {
      let directory = TestDirectory()
      let path = directory.file("log")
      let file = try AppendFile(path: path)
      try file.append("one")
      limitFileSize(1000)
      do throws(FileError) {
        try file.append(String(repeating: "x", count: 2000))
        preconditionFailure("written")
      } catch {
        precondition(error.description == "can't append \(path): File too large")
      }
      try file.append("two")
      let lines = try file.lastLines(5)
      precondition(lines == ["one", "two"])
    }
  }

  @Test func aFullDiskIsToldApart() throws {
    let full = try AppendFile(path: "/dev/full")
    let error = #expect(throws: FileError.self) { try full.append("x") }
    #expect(error?.isStorageFull == true)
  }

  @Test func aPlaceWithoutADirectoryIsReported() {
    let error = #expect(throws: FileError.self) { try AppendFile(path: directory.file("none/log")) }
    #expect(error?.isNotFound == true)
  }

  @Test func onlyTheEndOfALargeFileIsRead() throws {
    let file = try AppendFile(path: path)
    let line = String(repeating: "y", count: 999_999)
    for _ in 0..<7 { try file.append(line) }
    // The last 4 MiB begin inside the third line; only whole lines count.
    #expect(try file.lastLines(10).map(\.utf8.count) == [Int](repeating: 999_999, count: 4))
  }
}
