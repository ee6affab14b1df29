import Telephony
import Testing

@testable import Routing

@Suite struct RecentMessagesTests {
  let sender = try! PhoneNumber(e164: "+919876543210")
  let other = try! PhoneNumber(e164: "+919876543211")

  @Test func theOtherRoutesCopyIsRecognisedOnce() {
    var recent = RecentMessages()
    recent.remember(sender: sender, content: [1, 2], route: .ip, now: .seconds(1))
    let result1 = recent.isOtherCopy(sender: other, content: [1, 2], route: .carrier, now: .seconds(2))
    #expect(!result1)
    let result2 = recent.isOtherCopy(sender: sender, content: [1], route: .carrier, now: .seconds(2))
    #expect(!result2)
    let result3 = recent.isOtherCopy(sender: sender, content: [1, 2], route: .carrier, now: .seconds(2))
    #expect(result3)
    let result4 = recent.isOtherCopy(sender: sender, content: [1, 2], route: .carrier, now: .seconds(3))
    #expect(!result4)
  }

  @Test func twoEqualTextsByOneRouteStayTwo() {
    var recent = RecentMessages()
    recent.remember(sender: sender, content: [1], route: .carrier, now: .seconds(1))
    let result5 = recent.isOtherCopy(sender: sender, content: [1], route: .carrier, now: .seconds(2))
    #expect(!result5)
  }

  @Test func afterTenMinutesItIsANewMessage() {
    var recent = RecentMessages()
    recent.remember(sender: sender, content: [1], route: .ip, now: .seconds(1))
    let result6 = recent.isOtherCopy(sender: sender, content: [1], route: .carrier, now: .seconds(602))
    #expect(!result6)
    #expect(recent.count == 0)
  }

  @Test func aCopyShownLongerAgoThanItCanBeIsAnotherMessage() {
    var recent = RecentMessages()
    recent.remember(sender: sender, content: [1], route: .carrier, now: .seconds(1))
    let tooOld = recent.isOtherCopy(sender: sender, content: [1], route: .ip, within: .seconds(30), now: .seconds(32))
    #expect(!tooOld && recent.count == 1)
    let inTime = recent.isOtherCopy(sender: sender, content: [1], route: .ip, within: .seconds(30), now: .seconds(31))
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

  /// What is recognised by either clock is recognised: that on the wall may have been set.
  @Test func theClockOnTheWallCountsAsItWasThen() {
    let arrived = WallTime(millisecondsSince1970: 1_790_000_000_000)
    func isCopy(_ within: Duration, since: WallTime?) -> Bool {
      var recent = RecentMessages()
      recent.remember(sender: sender, content: [1], route: .ip, now: .seconds(100), wall: arrived)
      return recent.isOtherCopy(sender: sender, content: [1], route: .carrier, within: within, since: since, now: .seconds(400))
    }
    #expect(isCopy(.seconds(300), since: nil) && !isCopy(.seconds(299), since: nil))
    #expect(isCopy(.seconds(-5_000), since: arrived) && !isCopy(.seconds(-5_000), since: arrived.adding(.seconds(1))))
    #expect(isCopy(.seconds(300), since: arrived.adding(.seconds(9_000))))
  }

  @Test func theMemoryIsBounded() {
    var recent = RecentMessages()
    for index in 0..<(RecentMessages.capacity + 10) {
      recent.remember(sender: sender, content: [UInt8(index & 0xFF), UInt8(index >> 8)], route: .ip, now: .seconds(1))
    }
    #expect(recent.count == RecentMessages.capacity)
    let result7 = recent.isOtherCopy(sender: sender, content: [0, 0], route: .carrier, now: .seconds(1))
    #expect(!result7, "the oldest went")
  }
}
