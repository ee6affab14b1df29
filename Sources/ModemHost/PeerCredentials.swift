import CModem

/// Who is at the other end of a Unix socket, as the kernel recorded it (`SO_PEERCRED`).
public struct PeerCredentials: Hashable, Sendable {
  /// 0 when the peer is outside of this process' pid namespace.
  public let processID: Int32
  public let userID: UInt32
  public let groupID: UInt32

  public init(processID: Int32, userID: UInt32, groupID: UInt32) {
    self.processID = processID
    self.userID = userID
    self.groupID = groupID
  }

  init(_ peer: CmPeer) {
    self.init(processID: peer.pid, userID: peer.uid, groupID: peer.gid)
  }
}
