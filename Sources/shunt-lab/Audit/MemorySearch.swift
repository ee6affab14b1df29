internal import Glibc

/// Searches the memory of a running process: all that can be read of it, but for pages that are their file's and can't be written.
enum MemorySearch {
  /// A part of a process's address space, as `/proc/PID/maps` tells.
  struct Region: Equatable {
    let start: UInt
    let end: UInt
    /// `[heap]`, a path, or empty.
    let name: String

    /// Nil for what is not to be searched.
    init?(line: Substring) {
      let words = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      guard words.count >= 5 else { return nil }
      let bounds = words[0].split(separator: "-")
      let permissions = words[1]
      guard bounds.count == 2, let start = UInt(bounds[0], radix: 16), let end = UInt(bounds[1], radix: 16), start < end,
        permissions.hasPrefix("r")
      else { return nil }
      let isFile = words[4] != "0"
      let isWritable = permissions.dropFirst().first == "w"
      guard isWritable || !isFile else { return nil }
      let name = words.count > 5 ? String(words[5].drop { $0 == " " }) : ""
      // The kernel's own.
      guard !["[vvar]", "[vvar_vclock]", "[vdso]", "[vsyscall]"].contains(name) else { return nil }
      (self.start, self.end, self.name) = (start, end, name)
    }
  }

  static let pageOctetCount = 4096
  private static let pieceCount = 1 << 20

  static func run(_ process: Int32, _ matcher: LeakMatcher, _ secrets: [LeakSecret]) throws -> LeakSearch {
    let maps = String(decoding: try OctetFile.whole("/proc/\(process)/maps", limit: 64 << 20), as: UTF8.self)
    let memory = open("/proc/\(process)/mem", O_RDONLY | O_CLOEXEC)
    guard memory >= 0 else {
      throw LabError("cannot read the memory of process \(process): \(String(cString: strerror(errno)))")
    }
    defer { close(memory) }
    var search = LeakSearch(.memory, "process \(process)")
    var findings = LeakFindings(matcher, secrets)
    var plant = LeakPlant(matcher)
    var sample: [UInt8] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceCount, alignment: pageOctetCount)
    defer { buffer.deallocate() }
    for region in maps.split(separator: "\n").compactMap(Region.init(line:)) {
      search.partCount += 1
      var scan = LeakScan(matcher)
      var address = region.start
      while address < region.end {
        let wanted = Int(min(region.end - address, UInt(buffer.count)))
        var count = pread(memory, buffer.baseAddress, wanted, off_t(bitPattern: address))
        if count < 0, errno == EINTR { continue }
        if count <= 0 {
          // A page that is not there.
          count = min(wanted, pageOctetCount)
          search.unreadOctetCount += count
          scan.interrupt()
        } else {
          let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
          if sample.count < FileSearch.sampleOctetCount { sample += piece.prefix(FileSearch.sampleOctetCount - sample.count) }
          let origin = Int(bitPattern: address) - scan.octetCount
          let place = region.name.isEmpty ? "memory without a name" : region.name
          scan.append(piece) { findings.add($0, origin + $1, place: place) }
          search.octetCount += count
        }
        address += UInt(count)
      }
    }
    guard search.octetCount > 0 else { throw LabError("process \(process) has no memory that can be read") }
    plant.search(planted: sample)
    search.findings = findings.all
    search.plantedCount = plant.plantedCount
    search.plantedFoundCount = plant.foundCount
    return search
  }
}
