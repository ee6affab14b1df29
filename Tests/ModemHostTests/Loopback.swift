import Glibc
import Testing

/// A TCP socket on a loopback address that a test has in its own hand.
final class LoopbackListener {
  let port: UInt16
  private let descriptor: Int32
  private var fillers: [Int32] = []

  /// - Parameter backlog: how many connections the kernel completes before anyone accepts.
  init(ipv6: Bool = false, port: UInt16 = 0, backlog: Int32 = 16) throws {
    let descriptor = socket(ipv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    self.descriptor = descriptor
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    let bound = Self.withLoopback(ipv6, port) { bind(descriptor, $0, $1) }
    let listening = listen(descriptor, backlog)
    var address = sockaddr_in6()
    var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let result = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
    }
    self.port = UInt16(bigEndian: address.sin6_port)
    try #require(bound == 0 && listening == 0 && result == 0)
  }

  /// A listener whose queue is full: the kernel drops further connection requests, as a firewall does.
  static func blackHole(ipv6: Bool = false, port: UInt16 = 0) throws -> LoopbackListener {
    let listener = try LoopbackListener(ipv6: ipv6, port: port, backlog: 0)
    for _ in 0..<4 {
      let filler = socket(
        ipv6 ? AF_INET6 : AF_INET,
        Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      _ = withLoopback(ipv6, listener.port) { connect(filler, $0, $1) }
      listener.fillers.append(filler)
    }
    return listener
  }

  func accept() -> Int32 { Glibc.accept(descriptor, nil, nil) }

  deinit {
    fillers.forEach { close($0) }
    close(descriptor)
  }

  private static func withLoopback(
    _ ipv6: Bool, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    if ipv6 {
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = port.bigEndian
      address.sin6_addr = in6addr_loopback
      return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
      }
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }
}
