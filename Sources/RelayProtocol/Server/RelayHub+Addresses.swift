/// What one address may still ask for, whoever it is that asks: connections before anybody has proved who they are, and
/// codes, which cost money.
struct AddressAccount: Sendable {
  var connections: RateBucket
  var codes: RateBucket

  init(limits: RelayLimits, now: Duration) {
    connections = RateBucket(
      burst: limits.connectionBurstPerAddress, perHour: limits.connectionsPerAddressPerHour, now: now)
    codes = RateBucket(burst: limits.codeBurstPerAddress, perHour: limits.codesPerAddressPerHour, now: now)
  }

  mutating func isFull(now: Duration) -> Bool {
    connections.isFull(now: now) && codes.isFull(now: now)
  }
}

extension RelayHub {
  /// A connection was accepted.
  ///
  /// - Returns: nil when it may have a challenge, else the seconds to wait.
  mutating func takeConnection(from address: String, at time: RelayTime) -> UInt32? {
    // With more addresses than are remembered, the bounds on connections at a time still hold.
    guard makeAccount(of: address, at: time) else { return nil }
    return addressAccounts[address]?.connections.take(1, now: time.now)
  }

  /// A code is asked for.
  ///
  /// - Returns: nil when it may go out, else the seconds to wait.
  mutating func takeCode(for address: String, at time: RelayTime) -> UInt32? {
    guard makeAccount(of: address, at: time) else { return UInt32(clamping: Self.addressSweepInterval.wholeSeconds) }
    return addressAccounts[address]?.codes.take(1, now: time.now)
  }

  /// How often a full table is gone through: it takes a while, and whoever fills it would have it gone through all the
  /// time.
  private static var addressSweepInterval: Duration { .seconds(60) }

  private mutating func makeAccount(of address: String, at time: RelayTime) -> Bool {
    guard addressAccounts[address] == nil else { return true }
    if addressAccounts.count >= limits.addresses, nextAddressSweep <= time.now {
      nextAddressSweep = time.now + Self.addressSweepInterval
      sweepAddresses(at: time)
    }
    guard addressAccounts.count < limits.addresses else { return false }
    addressAccounts[address] = AddressAccount(limits: limits, now: time.now)
    wakeSweep(at: time)
    return true
  }

  mutating func sweepAddresses(at time: RelayTime) {
    addressAccounts = addressAccounts.filter { entry in
      var account = entry.value
      return !account.isFull(now: time.now)
    }
  }
}
