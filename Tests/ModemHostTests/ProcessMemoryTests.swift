import Glibc
import ModemHost
import Testing

/// The allocator belongs to the whole process, so the test has one of its own.
@Suite(.timeLimit(.minutes(1)))
struct ProcessMemoryTests {
  /// AddressSanitizer has an allocator of its own, which keeps what is freed.
  static var isAddressSanitized: Bool { dlsym(nil, "__asan_init") != nil }

  @Test(.enabled(if: !isAddressSanitized, "the sanitizer's allocator keeps what is freed"))
  func largeAllocationsGoBack() async {
    await #expect(processExitsWith: .success) {
      ProcessMemory.keepSmall()
      let before = ProcessMemory.measure()
      precondition(before.residentOctetCount > 1 << 20 && before.privateOctetCount > 0)
      precondition(before.privateOctetCount <= before.residentOctetCount)
      for _ in 0..<3 {
        let octets = malloc(16 << 20)!
        memset(octets, 1, 16 << 20)
        precondition(ProcessMemory.measure().privateOctetCount >= before.privateOctetCount + (15 << 20))
        free(octets)
        precondition(ProcessMemory.measure().privateOctetCount < before.privateOctetCount + (4 << 20))
      }
      ProcessMemory.trim()
    }
  }

  /// What ran once leaves, and runs again when it is wanted.
  @Test func codeThatRanGoesAndComesBack() async {
    await #expect(processExitsWith: .success) {
      let text = (0..<1_000).map { "\($0)" }.joined(separator: ",")
      let before = ProcessMemory.measure()
      ProcessMemory.trim()
      let after = ProcessMemory.measure()
      precondition(after.residentOctetCount < before.residentOctetCount)
      precondition((0..<1_000).map { "\($0)" }.joined(separator: ",") == text)
    }
  }
}
