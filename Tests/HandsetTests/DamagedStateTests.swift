import FoundationEssentials
import Interposer
import Routing
import SwiftProtobuf
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// Whatever the state directory holds, the device starts and texts go out.
@Suite struct DamagedStateTests {
  @Test(arguments: 0..<UInt64(40)) func damagedFilesStopNothing(seed: UInt64) throws {
    let world = World(seed: seed + 1)
    let (alice, bob) = try Device.pair(world)
    #expect(alice.messenger.sent("Whole", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(1))
    alice.kill()
    var generator = SeededGenerator(seed: seed)
    for file in StateFile.allCases where generator.chance(60) {
      guard var octets = alice.files[file] else { continue }
      switch generator.next() % 3 {
      case 0: octets = generator.octets(0...200)
      case 1: octets.removeLast(Int.random(in: 1...octets.count, using: &generator))
      default:
        for _ in 0..<4 { octets[Int.random(in: octets.indices, using: &generator)] ^= UInt8(1) << UInt8(generator.next() % 8) }
      }
      alice.files[file] = octets
    }
    alice.start()
    alice.messenger.start()
    world.run(until: { alice.messenger.isReady })
    for text in ["One", "Two"] { #expect(alice.messenger.sent(text, to: bob.number.e164).hasSucceeded, "seed \(seed)") }
    world.run(.seconds(20))
    #expect(bob.messenger.texts.map { $0.suffix(3) }.sorted() == ["One", "Two", "ole"], "seed \(seed)")
    #expect(alice.answer(to: .status)?.row != nil && alice.answer(to: .disable)?.row?.text("state") == "disabled")
    #expect(alice.files.isEmpty)
  }

  @Test func tokensThatCanNotBeAreNotUsed() throws {
    var state = StateTokenCache()
    state.generation = TestRelay.generation.rawValue
    state.tokens = [("+447700900123", 48, UInt64.max), ("+447700900124", 47, 1), ("0", 48, 1)].map { number, count, fetched in
      var token = StateCachedToken()
      token.number = number
      token.token = Data(repeating: 1, count: count)
      token.fetched = fetched
      return token
    }
    let octets: [UInt8] = try state.serializedBytes()
    let cache = TokenCache(serialized: octets)
    let wall = WallTime(millisecondsSince1970: World.wallStart)
    for number in ["+447700900123", "+447700900124"] {
      let number = try PhoneNumber(e164: number)
      for time in [wall, WallTime(millisecondsSince1970: .min), WallTime(millisecondsSince1970: .max)] {
        #expect(cache.token(for: number, generation: TestRelay.generation, wall: time) == nil)
      }
    }
  }
}
