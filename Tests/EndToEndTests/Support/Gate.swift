import Foundation

/// The way from one handset to the relay, which a test can hold up in either direction: what is held waits here and goes on later, as on a slow
/// network. Listens beside the relay, on a port that the handset's settings name.
final class Gate: @unchecked Sendable {
  // The lock guards what the thread and the test share.

  enum Direction {
    case toRelay, toDevice
  }

  let port: UInt16
  private let lock = NSLock()
  private var links: [Link] = []
  private var acceptedCount = 0
  private var refusals = 0
  private var isHeld: [Direction: Bool] = [:]
  /// Wakes the thread.
  private let wake: [Int32]

  init(_ rig: Rig, port: UInt16) throws {
    self.port = port
    var descriptors: [Int32] = [-1, -1]
    guard pipe(&descriptors) == 0 else { throw RigError("cannot make a pipe") }
    for descriptor in descriptors { Self.prepare(descriptor) }
    wake = descriptors
    let namespace = try rig.call("rig_namespace_of", "hub")
    let listener = try NetworkNamespace.perform(in: namespace) { try Self.listen(on: port) }
    let thread = Thread { [weak self] in
      do {
        try NetworkNamespace.enter(namespace)
        while let self { self.turn(listener) }
      } catch {
        FileHandle.standardError.write(Data("a gate ended: \(error)\n".utf8))
      }
      close(listener)
    }
    thread.start()
  }

  deinit {
    for link in links { link.close() }
    for descriptor in wake { close(descriptor) }
  }

  // MARK: for tests

  func hold(_ directions: Direction...) {
    change { for direction in directions { isHeld[direction] = true } }
  }

  func release() {
    change { isHeld = [:] }
  }

  /// Octets that wait here.
  func held(_ direction: Direction) -> Int {
    change { links.reduce(0) { $0 + $1.waiting(direction).count } }
  }

  /// Ends all connections, and what they hold.
  func cut() {
    change {
      for link in links { link.close() }
      links = []
    }
  }

  /// How many tries to connect found no relay.
  var refusedCount: Int { change { refusals } }

  /// How many connections were made to the relay.
  var connectionCount: Int { change { acceptedCount } }

  private func change<Value>(_ body: () -> Value) -> Value {
    lock.lock()
    defer {
      lock.unlock()
      var octet: UInt8 = 0
      _ = write(wake[1], &octet, 1)
    }
    return body()
  }

  // MARK: the thread

  /// Waits for something to do, and does it.
  private func turn(_ listener: Int32) {
    var wanted = [pollfd(fd: wake[0], events: Int16(POLLIN), revents: 0), pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
    lock.lock()
    for link in links { wanted += link.wanted(isHeld) }
    lock.unlock()
    // Returns now and then, so that a gate that nobody has any more ends.
    guard poll(&wanted, nfds_t(wanted.count), 500) > 0 else { return }
    lock.lock()
    defer { lock.unlock() }
    var octets = [UInt8](repeating: 0, count: 4096)
    while read(wake[0], &octets, octets.count) > 0 {}
    if wanted[1].revents != 0 { accept(listener) }
    for link in links { link.move(isHeld) }
    links.removeAll { link in
      guard link.isFinished(isHeld) else { return false }
      link.close()
      return true
    }
  }

  private func accept(_ listener: Int32) {
    let device = Glibc.accept(listener, nil, nil)
    guard device >= 0 else { return }
    Self.prepare(device)
    let relay = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = Self.address(7443)
    // Within one machine it connects or is refused at once.
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(relay, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard result == 0 else {
      refusals += 1
      close(relay)
      close(device)
      return
    }
    Self.prepare(relay)
    links.append(Link(device: device, relay: relay))
    acceptedCount += 1
  }

  private static func listen(on port: UInt16) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var one: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    var address = address(port)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard result == 0, Glibc.listen(descriptor, 16) == 0 else { throw RigError("a gate cannot listen on port \(port)") }
    prepare(descriptor)
    return descriptor
  }

  private static func address(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    inet_pton(AF_INET, Relay.host, &address.sin_addr)
    return address
  }

  private static func prepare(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }
}

/// One connection through a gate.
private final class Link {
  /// What was read on one side and not written on the other.
  private struct Lane {
    let from: Int32
    let to: Int32
    var octets: [UInt8] = []
    var hasEnded = false

    mutating func read() {
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while !hasEnded {
        let count = Glibc.read(from, &buffer, buffer.count)
        if count > 0 {
          octets += buffer.prefix(count)
        } else if count == 0 || errno != EAGAIN && errno != EINTR {
          hasEnded = true
        } else {
          return
        }
      }
    }

    mutating func write() {
      while !octets.isEmpty {
        let count = send(to, octets, octets.count, Int32(MSG_NOSIGNAL))
        if count > 0 {
          octets.removeFirst(count)
        } else if errno == EAGAIN || errno == EINTR {
          return
        } else {
          // Nobody is there to read it.
          octets = []
          hasEnded = true
        }
      }
    }
  }

  private var toRelay: Lane
  private var toDevice: Lane

  init(device: Int32, relay: Int32) {
    toRelay = Lane(from: device, to: relay)
    toDevice = Lane(from: relay, to: device)
  }

  func waiting(_ direction: Gate.Direction) -> [UInt8] {
    direction == .toRelay ? toRelay.octets : toDevice.octets
  }

  func wanted(_ isHeld: [Gate.Direction: Bool]) -> [pollfd] {
    func entry(_ lane: Lane, _ other: Lane, isOtherHeld: Bool) -> pollfd {
      let reads = lane.hasEnded ? 0 : Int16(POLLIN)
      let writes = other.octets.isEmpty || isOtherHeld ? 0 : Int16(POLLOUT)
      // A descriptor that hung up would wake the thread for ever.
      return pollfd(fd: reads | writes == 0 ? -1 : lane.from, events: reads | writes, revents: 0)
    }
    return [
      entry(toRelay, toDevice, isOtherHeld: isHeld[.toDevice] == true),
      entry(toDevice, toRelay, isOtherHeld: isHeld[.toRelay] == true),
    ]
  }

  func move(_ isHeld: [Gate.Direction: Bool]) {
    toRelay.read()
    toDevice.read()
    if isHeld[.toRelay] != true { toRelay.write() }
    if isHeld[.toDevice] != true { toDevice.write() }
  }

  /// One side has gone, and the other has all it sent.
  func isFinished(_ isHeld: [Gate.Direction: Bool]) -> Bool {
    toRelay.hasEnded && toRelay.octets.isEmpty && isHeld[.toRelay] != true
      || toDevice.hasEnded && toDevice.octets.isEmpty && isHeld[.toDevice] != true
  }

  func close() {
    Glibc.close(toRelay.from)
    Glibc.close(toDevice.from)
  }
}
