import Glibc

/// Octets to be looked for in this process's memory. Kept so that they are not found here.
struct HiddenOctets {
  private static let mask: UInt8 = 0xA5
  private let masked: [UInt8]

  init(hiding octets: some Sequence<UInt8>) { masked = octets.map { $0 ^ Self.mask } }

  /// In how many places of all that this process can write to they stand.
  func count() throws -> Int {
    let memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC)
    let size = 1 << 20
    guard memory >= 0, let buffer = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      buffer != MAP_FAILED
    else { throw NoMemory() }
    defer {
      munmap(buffer, size)
      close(memory)
    }
    let own = UInt(bitPattern: buffer)
    var count = 0
    for region in try Self.regions() {
      var start = region.lowerBound
      // The kernel merges neighbouring mappings: our own may be the middle of one.
      while start < region.upperBound {
        if own <= start, start < own + UInt(size) {
          start = own + UInt(size)
          continue
        }
        let limit = start < own ? min(region.upperBound, own) : region.upperBound
        let read = pread(memory, buffer, min(size, Int(limit - start)), off_t(start))
        guard read > 0 else { break }
        count += occurrences(in: UnsafeRawBufferPointer(start: buffer, count: read))
        memset(buffer, 0, read)
        // The next piece begins where octets that this one cuts off begin.
        start += read == size ? UInt(read - masked.count + 1) : UInt(read)
      }
    }
    return count
  }

  private func occurrences(in octets: UnsafeRawBufferPointer) -> Int {
    guard var next = octets.baseAddress, let first = masked.first else { return 0 }
    let end = next + octets.count
    var count = 0
    while end - next >= masked.count, let found = memchr(next, Int32(first ^ Self.mask), end - next - masked.count + 1) {
      let candidate = UnsafeRawPointer(found)
      var index = 1
      while index < masked.count, candidate.load(fromByteOffset: index, as: UInt8.self) ^ Self.mask == masked[index] { index += 1 }
      if index == masked.count { count += 1 }
      next = candidate + 1
    }
    return count
  }

  private static func regions() throws -> [Range<UInt>] {
    guard let maps = fopen("/proc/self/maps", "re") else { throw NoMemory() }
    defer { fclose(maps) }
    var regions: [Range<UInt>] = []
    var line = [CChar](repeating: 0, count: 4_096)
    while fgets(&line, Int32(line.count), maps) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let words = text.split(separator: " ")
      let bounds = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      if words.count > 1, words[1].hasPrefix("rw"), bounds.count == 2 { regions.append(bounds[0]..<bounds[1]) }
    }
    return regions
  }

  struct NoMemory: Error {}
}
