@testable import Interposer
import QMI
import Testing

@Suite struct QueueTests {
  @Test func actionsLeaveInOrder() {
    var queue = ActionQueue()
    #expect(queue.popFirst() == nil)
    let id = SubmissionID(rawValue: 1)
    queue.append(.openModem)
    queue.append(.submitterGone(id))
    #expect(queue.popFirst() == .openModem)
    queue.append(.released(id, .incomplete))
    #expect(queue.popFirst() == .submitterGone(id))
    #expect(queue.popFirst() == .released(id, .incomplete))
    #expect(queue.popFirst() == nil && queue.isEmpty)
  }

  @Test func timersFireInOrderAndOnce() {
    var timers = TimerQueue()
    let first = TimerQueue.Timer.retry(SubmissionID(rawValue: 1))
    let second = TimerQueue.Timer.retry(SubmissionID(rawValue: 2))
    timers.schedule(second, at: .seconds(2))
    timers.schedule(first, at: .seconds(1))
    timers.schedule(.ownReports, at: .seconds(2))
    #expect(timers.nextDeadline == .seconds(1))
    #expect(timers.popDue(now: .milliseconds(999)) == nil)
    #expect(timers.popDue(now: .seconds(2)) == first)
    #expect(timers.popDue(now: .seconds(2)) == second)
    timers.cancel(.ownReports)
    #expect(timers.popDue(now: .seconds(9)) == nil && timers.nextDeadline == nil)
  }

  @Test func aTimerIsSetInPlaceOfItself() {
    var timers = TimerQueue()
    timers.schedule(.ownReports, at: .seconds(1))
    timers.schedule(.ownReports, at: .seconds(5))
    #expect(timers.nextDeadline == .seconds(5))
    #expect(timers.popDue(now: .seconds(5)) == .ownReports && timers.nextDeadline == nil)
  }

  @Test func requestsAreFoundOnceAndNeverByAnOldID() {
    var table = RequestTable()
    let pending = PendingRequest(Sample.request(), client: ClientConnection(rawValue: 1), purpose: .plain)
    let first = table.insert(pending)
    let second = table.insert(pending)
    #expect(table.count == 2 && !table.hasOwnRequest)
    #expect(table.remove(first) != nil)
    #expect(table.remove(first) == nil)
    let third = table.insert(pending)
    #expect(third != first && table.remove(first) == nil)
    #expect(table.removeAll().count == 2 && table.count == 0)
    #expect(table.remove(second) == nil && table.remove(third) == nil)
    #expect(table.remove(ModemRequestID(rawValue: .max)) == nil)
  }
}
