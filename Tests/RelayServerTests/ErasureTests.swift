import CRelay
import Glibc
import Testing

@testable import RelayServer

/// That what is freed is overwritten. In processes of their own, where no other thread takes what was freed.
@Suite struct ErasureTests {
  @Test func whatIsFreedWithinAScopeIsOverwritten() async {
    await #expect(processExitsWith: .success) {
      for count in [200, 1000, 50_000] {
        let kept = filled(count)
        free(kept)
        precondition(remains(of: kept, count) > 0, "the test sees nothing")
        let erased = filled(count)
        Erasure.scope { free(erased) }
        precondition(remains(of: erased, count) == 0)
        precondition(!cr_erasure_is_active())
      }
    }
  }

  @Test func whatMovesLeavesNothingBehind() async {
    await #expect(processExitsWith: .success) {
      let first = filled(1000)
      // So that it can't grow where it is.
      let wall = malloc(1000)
      let moved = Erasure.scope { realloc(first, 100_000) }
      precondition(moved.map { UInt(bitPattern: $0) } != first && remains(of: first, 1000) == 0)
      precondition(moved.map { remains(of: UInt(bitPattern: $0), 1000) } == 968)
      free(wall)
    }
  }

  @Test func theStackOfAScopeIsOverwritten() async {
    await #expect(processExitsWith: .success) {
      let address = Erasure.scope { leaveOnStack() }
      precondition(remains(of: address, 512) == 0)
    }
  }

  @Test func scopesNestAndConcernTheirThreadOnly() async {
    await #expect(processExitsWith: .success) {
      Erasure.scope {
        Erasure.scope {}
        precondition(cr_erasure_is_active())
        var thread = pthread_t()
        pthread_create(
          &thread, nil,
          { _ in
            precondition(!cr_erasure_is_active())
            return nil
          }, nil)
        pthread_join(thread, nil)
      }
      precondition(!cr_erasure_is_active())
      struct Failure: Error {}
      do { try Erasure.scope { throw Failure() } } catch {}
      precondition(!cr_erasure_is_active())
    }
  }
}

private func filled(_ count: Int) -> UInt {
  let octets = malloc(count)!
  memset(octets, 0x5A, count)
  return UInt(bitPattern: octets)
}

private func free(_ address: UInt) { Glibc.free(UnsafeMutableRawPointer(bitPattern: address)) }

private func realloc(_ address: UInt, _ count: Int) -> UnsafeMutableRawPointer? {
  Glibc.realloc(UnsafeMutableRawPointer(bitPattern: address), count)
}

/// How much is still there of what was filled; without the first octets, which the allocator uses when they are freed.
/// Octets in a row: a pointer that this very function puts there may have one by chance.
private func remains(of address: UInt, _ count: Int) -> Int {
  var longest = 0
  var run = 0
  for offset in 32..<count {
    let isLeft = UnsafeRawPointer(bitPattern: address + UInt(offset))?.load(as: UInt8.self) == 0x5A
    run = isLeft ? run + 1 : 0
    longest = max(longest, run)
  }
  return longest < 8 ? 0 : longest
}

@inline(never)
private func leaveOnStack() -> UInt {
  withUnsafeTemporaryAllocation(byteCount: 512, alignment: 1) { octets in
    octets.initializeMemory(as: UInt8.self, repeating: 0x5A)
    return UInt(bitPattern: octets.baseAddress)
  }
}
