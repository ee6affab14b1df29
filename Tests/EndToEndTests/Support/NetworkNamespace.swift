import Foundation

/// The network namespaces of a rig, for sockets of the tests' own.
enum NetworkNamespace {
  private typealias Enter = @convention(c) (Int32, Int32) -> Int32

  /// Takes the calling thread there; what sockets it makes from then on are of that namespace.
  static func enter(_ name: String) throws {
    // The Glibc module does not have setns(2).
    guard let symbol = dlsym(nil, "setns") else { throw RigError("there is no setns") }
    let descriptor = open("/run/netns/\(name)", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw RigError("there is no namespace \(name)") }
    defer { close(descriptor) }
    guard unsafeBitCast(symbol, to: Enter.self)(descriptor, CInt(0x4000_0000)) == 0 else {
      throw RigError("cannot enter the namespace \(name): \(String(cString: strerror(errno)))")
    }
  }

  /// Runs `body` on a thread of its own in there, and waits for it.
  static func perform<Value: Sendable>(in name: String, _ body: @escaping @Sendable () throws -> Value) throws -> Value {
    nonisolated(unsafe) var result: Result<Value, any Error>?
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      result = Result {
        try enter(name)
        return try body()
      }
      done.signal()
    }
    done.wait()
    guard let result else { throw RigError("the thread in \(name) did nothing") }
    return try result.get()
  }
}
