import Telephony
import Testing

@testable import Routing

@Suite struct RecentMessagesTests {
  let sender = try! PhoneNumber(e164: "+919876543210")
  let other = try! PhoneNumber(e164: "+919876543211")

  @Test func theOtherRoutesCopyIsRecognisedOnce() {
    var recent = RecentMessages()
    recent.remember(sender: sender, content: [1, 2], route: .ip, now: .seconds(1))
    let result1 = recent.takeOtherCopy(sender: other, content: [1, 2], route: .carrier, now: .seconds(2)) != nil
    #expect(!result1)
    let result2 = recent.takeOtherCopy(sender: sender, content: [1], route: .carrier, now: .seconds(2)) != nil
    #expect(!result2)
    let result3 = recent.takeOtherCopy(sender: sender, content: [1, 2], route: .carrier, now: .seconds(2)) != nil
    #expect(result3)
    let result4 = recent.takeOtherCopy(sender: sender, content: [1, 2], route: .carrier, now: .seconds(3)) != nil
    #expect(!result4)
  }

  @Test func twoEqualTextsByOneRouteStayTwo() {
    var recent = RecentMessages()
    recent.remember(sender: sender, content: [1], route: .carrier, now: .seconds(1))
    let result5 = recent.takeOtherCopy(sender: sender, content: [1], route: .carrier, now: .seconds(2)) != nil
    #expect(!result5)
  }

  @Test func afterTenMinutesItIsANewMessage() {
    var recent = RecentMessages()
    recent.remember(sender: sender, content: [1], route: .ip, now: .seconds(1))
    let result6 = recent.takeOtherCopy(sender: sender, content: [1], route: .carrier, now: .seconds(602)) != nil
    #expect(!result6)
    #expect(recent.count == 0)
  }

  @Test func aCopyShownLongerAgoThanItCanBeIsAnotherMessage() {
    var recent = RecentMessages()
    recent.remember(sender: sender, content: [1], route: .carrier, now: .seconds(1))
    let tooOld = recent.takeOtherCopy(sender: sender, content: [1], route: .ip, within: .seconds(30), now: .seconds(32)) != nil
    #expect(!tooOld && recent.count == 1)
    let inTime = recent.takeOtherCopy(sender: sender, content: [1], route: .ip, within: .seconds(30), now: .seconds(31)) != nil
    #expect(inTime && recent.count == 0)
  }

  @Test func aCopyMayBeAskedForWithoutTakingIt() {
    var recent = RecentMessages()
    recent.remember(sender: sender, content: [1], route: .carrier, now: .seconds(1))
    func has(_ content: [UInt8], _ route: Route, within: Duration = RecentMessages.window, at seconds: Int) -> Bool {
      recent.hasOtherCopy(sender: sender, content: content, route: route, within: within, now: .seconds(seconds))
    }
    #expect(has([1], .ip, at: 2) && has([1], .ip, at: 601) && recent.count == 1)
    #expect(!has([1], .carrier, at: 2) && !has([2], .ip, at: 2) && !has([1], .ip, at: 602))
    #expect(has([1], .ip, within: .seconds(30), at: 31) && !has([1], .ip, within: .seconds(30), at: 32))
    // No longer than the window, whatever is asked.
    #expect(!has([1], .ip, within: .seconds(10_000), at: 700))
  }

  /// What is recognised by either clock is recognised: that on the wall may have been set. But not what was shown long after.
  @Test func theClockOnTheWallCountsAsItWasThen() {
    let arrived = WallTime(millisecondsSince1970: 1_790_000_000_000)
    func isCopy(_ within: Duration, shown: ClosedRange<Int>?) -> Bool {
      var recent = RecentMessages()
      recent.remember(sender: sender, content: [1], route: .ip, now: .seconds(100), wall: arrived)
      let range = shown.map { arrived.adding(.seconds($0.lowerBound))...arrived.adding(.seconds($0.upperBound)) }
      return recent.takeOtherCopy(
        sender: sender, content: [1], route: .carrier, within: within, shown: range, now: .seconds(400)) != nil
    }
    #expect(isCopy(.seconds(300), shown: nil) && !isCopy(.seconds(299), shown: nil))
    #expect(isCopy(.seconds(-5_000), shown: 0...200) && !isCopy(.seconds(-5_000), shown: 1...200))
    #expect(isCopy(.seconds(300), shown: 9_000...9_200))
    #expect(isCopy(.seconds(300), shown: -200...0) && !isCopy(.seconds(300), shown: -200 ... -1))
  }

  @Test func theMemoryIsBounded() {
    var recent = RecentMessages()
    for index in 0..<(RecentMessages.capacity + 10) {
      recent.remember(sender: sender, content: [UInt8(index & 0xFF), UInt8(index >> 8)], route: .ip, now: .seconds(1))
    }
    #expect(recent.count == RecentMessages.capacity)
    let result7 = recent.takeOtherCopy(sender: sender, content: [0, 0], route: .carrier, now: .seconds(1)) != nil
    #expect(!result7, "the oldest went")
  }
}
