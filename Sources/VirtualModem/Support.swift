import QMI
import Telephony

/// The time within a machine: `now` as told by the last event, and the wall's time derived from it.
struct LaboratoryClock: Sendable {
  private let start: Duration
  private let startWallTime: WallTime
  var now: Duration

  init(now: Duration, wallTime: WallTime) {
    start = now
    startWallTime = wallTime
    self.now = now
  }

  var wallTime: WallTime { startWallTime.adding(now - start) }
}

/// Actions in the order they came up.
struct ActionQueue<Element: Sendable>: Sendable {
  private var elements: [Element] = []
  private var head = 0

  mutating func append(_ element: Element) {
    elements.append(element)
  }

  mutating func popFirst() -> Element? {
    guard head < elements.count else { return nil }
    let element = elements[head]
    head += 1
    if head == elements.count {
      elements.removeAll(keepingCapacity: true)
      head = 0
    }
    return element
  }

  mutating func removeAll() {
    elements.removeAll()
    head = 0
  }
}

extension VirtualModem {
  struct RequestKey: Hashable, Sendable {
    var service: QMIService
    var message: MessageID
  }

  /// What the modem remembers of one client id.
  struct Client: Sendable {
    /// WMS Set Event Report.
    var reportsNewMessages = false
    /// NAS Register Indications.
    var reportsServingSystem = false
    var reportsSystemInfo = false
    /// DMS Set Event Report.
    var reportsOperatingMode = false
    /// UIM Register Events.
    var cardEvents: UInt32 = 0
  }

  struct LateAnswer: Sendable {
    var due: Duration
    var frame: QMUXFrame
  }

  /// DMS operating mode, an open set on the wire.
  struct OperatingMode: RawRepresentable, Hashable, Sendable {
    var rawValue: UInt8

    static let online = OperatingMode(rawValue: 0)
    static let lowPower = OperatingMode(rawValue: 1)
    static let offline = OperatingMode(rawValue: 3)
    static let reset = OperatingMode(rawValue: 4)
    static let shuttingDown = OperatingMode(rawValue: 5)
    static let persistentLowPower = OperatingMode(rawValue: 6)
  }
}
