import CModem
import Glibc

/// Accepts connections on a Unix stream socket.
public final class ClientListener {
  /// Where to listen.
  public enum Address: Hashable, Sendable, CustomStringConvertible {
    /// An abstract socket (Linux), without the leading `@`.
    case abstract(String)
    /// A socket file with permissions `mode`; a stale one is replaced.
    case path(String, mode: UInt32 = 0o600)
    /// A descriptor that systemd passed: the one of this name (`FileDescriptorName=`), or the first when nil.
    case passed(name: String? = nil)

    /// `@name` is abstract, anything else a path.
    public init(_ text: String) {
      self = text.first == "@" ? .abstract(String(text.dropFirst())) : .path(text)
    }

    public var description: String {
      switch self {
      case .abstract(let name): "@\(name)"
      case .path(let path, _): path
      case .passed(let name): name.map { "the socket “\($0)” passed by systemd" } ?? "the socket passed by systemd"
      }
    }
  }

  /// Why there is no listener; `description` is one line for the person.
  public enum Failure: Error, Equatable, Sendable, CustomStringConvertible {
    /// Somebody listens there. The pid is 0 when the kernel does not tell it, the name nil when it can't be read.
    case addressInUse(Address, ownerProcessID: Int32, ownerName: String?)
    /// systemd passed no such descriptor.
    case notPassed(Address)
    case system(Address, SystemError)

    public var description: String {
      switch self {
      case .addressInUse(let address, let pid, let name):
        pid == 0
          ? "\(address) is already in use by another process"
          : "\(address) is already in use by \(name ?? "a process") (pid \(pid))"
      case .notPassed(let address): "\(address) is not there"
      case .system(let address, let error): "cannot listen on \(address): \(error)"
      }
    }
  }

  /// How many descriptors systemd passed to this process.
  public static var passedDescriptorCount: Int { Int(cm_passed_descriptor_count()) }

  private var handle: OpaquePointer?
  private let allowedUserIDs: Set<UInt32>?
  private let onClient: (ClientStream, PeerCredentials) -> Void
  private let onRefused: (PeerCredentials) -> Void

  /// - Parameters:
  ///   - allowedUserIDs: who may connect; nil: everybody. Others are closed at once and given to `onRefused`.
  ///   - onClient: called from the loop; the callee keeps the stream (dropping it closes it) and sets its closures before returning.
  public init(
    at address: Address,
    allowedUserIDs: Set<UInt32>? = nil,
    onRefused: @escaping (PeerCredentials) -> Void = { _ in },
    onClient: @escaping (ClientStream, PeerCredentials) -> Void
  ) throws(Failure) {
    self.allowedUserIDs = allowedUserIDs
    self.onRefused = onRefused
    self.onClient = onClient

    var handlers = CmListenerHandlers()
    handlers.accepted = { descriptor, peer, box in
      Unmanaged<ClientListener>.fromOpaque(box!).takeUnretainedValue().accepted(descriptor, PeerCredentials(peer))
    }
    handlers.failed = { _, _ in }
    let box = Unmanaged.passUnretained(self).toOpaque()

    switch address {
    case .abstract(let name):
      try listen("@\(name)", mode: 0, address, &handlers, box)
    case .path(let path, let mode):
      try listen(path, mode: mode, address, &handlers, box)
    case .passed(let name):
      let index = (0..<cm_passed_descriptor_count()).first { index in
        name == nil || cm_passed_descriptor_name(index).map { String(cString: $0) } == name
      }
      guard let index else { throw .notPassed(address) }
      handle = cm_listener_adopt(3 + index, &handlers, box)
      if handle == nil { throw .system(address, SystemError(number: errno)) }
    }
  }

  private func listen(
    _ name: String, mode: UInt32, _ address: Address, _ handlers: inout CmListenerHandlers,
    _ box: UnsafeMutableRawPointer
  ) throws(Failure) {
    var owner = CmPeer()
    handle = cm_listener_new(name, mode, &handlers, box, &owner)
    guard handle == nil else { return }
    let number = errno
    guard number == EADDRINUSE else { throw .system(address, SystemError(number: number)) }
    throw .addressInUse(address, ownerProcessID: owner.pid, ownerName: processName(owner.pid))
  }

  private func accepted(_ descriptor: Int32, _ peer: PeerCredentials) {
    let stream = ClientStream(takingOwnershipOf: descriptor)
    if let allowedUserIDs, !allowedUserIDs.contains(peer.userID) {
      stream.close()
      onRefused(peer)
      return
    }
    onClient(stream, peer)
  }

  /// Stops listening. Streams stay.
  public func close() {
    cm_listener_free(handle)
    handle = nil
  }

  deinit {
    cm_listener_free(handle)
  }
}

/// The command name of a process, from `/proc`.
private func processName(_ processID: Int32) -> String? {
  guard processID > 0, let file = fopen("/proc/\(processID)/comm", "re") else { return nil }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 64)
  guard fgets(&line, Int32(line.count), file) != nil else { return nil }
  let octets = line.prefix { $0 != 0 && $0 != 0x0A }.map { UInt8(bitPattern: $0) }
  return String(decoding: octets, as: UTF8.self)
}
