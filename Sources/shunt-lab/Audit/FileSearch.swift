internal import Glibc

/// Searches files as they are, and their names: one file, or all below a directory.
enum FileSearch {
  static func run(_ path: String, _ matcher: LeakMatcher, _ secrets: [LeakSecret]) throws -> LeakSearch {
    var search = LeakSearch(.files, path)
    var findings = LeakFindings(matcher, secrets)
    var plant = LeakPlant(matcher)
    var sample: [UInt8] = []
    for file in try files(at: path) {
      search.partCount += 1
      let shown = String(file.dropFirst(path.count).drop { $0 == "/" })
      var place = shown.isEmpty ? path : shown
      Array(shown.utf8).withUnsafeBytes { octets in
        matcher.scan(octets) { pattern, offset in
          // The name itself is the secret, and is not to be shown.
          place = "a file with a secret name"
          findings.add(pattern, offset, place: "the name of a file", file: "name")
        }
      }
      var scan = LeakScan(matcher)
      let reader = try OctetFile(file)
      while let piece = try reader.next() {
        if sample.count < sampleOctetCount { sample += piece.prefix(sampleOctetCount - sample.count) }
        scan.append(piece) { findings.add($0, $1, place: place, file: file) }
      }
      search.octetCount += scan.octetCount
    }
    plant.search(planted: sample)
    search.findings = findings.all
    search.plantedCount = plant.plantedCount
    search.plantedFoundCount = plant.foundCount
    return search
  }

  /// Of what is searched, for planting patterns in it.
  static let sampleOctetCount = 1 << 16

  /// Regular files, sorted; links are not followed below `path`.
  static func files(at path: String) throws -> [String] {
    var status = stat()
    guard stat(path, &status) == 0 else { throw LabError("cannot read \(path): \(String(cString: strerror(errno)))") }
    guard status.st_mode & S_IFMT == S_IFDIR else { return [path] }
    var files: [String] = []
    try addFiles(below: path, to: &files)
    return files.sorted()
  }

  private static func addFiles(below path: String, to files: inout [String]) throws {
    guard let directory = opendir(path) else {
      throw LabError("cannot read \(path): \(String(cString: strerror(errno)))")
    }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name != ".", name != ".." else { continue }
      let file = "\(path)/\(name)"
      var status = stat()
      guard lstat(file, &status) == 0 else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: try addFiles(below: file, to: &files)
      case S_IFREG: files.append(file)
      default: break
      }
    }
  }
}
