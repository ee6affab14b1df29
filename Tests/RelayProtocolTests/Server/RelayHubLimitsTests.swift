import Testing

@testable import RelayProtocol

@Suite struct RelayHubLimitsTests {
  @Test func connectionsAreBounded() throws {
    let rig = HubRig { $0.connections = 2 }
    _ = rig.session(1)
    let second = try #require(rig.connect())
    #expect(rig.connect() == nil)
    #expect(rig.hub.statistics.connectionsRefused == 1)
    rig.close(second)
    #expect(rig.connect() != nil)
  }

  @Test func unauthenticatedConnectionsAreBounded() throws {
    let rig = HubRig { $0.unauthenticatedConnections = 2 }
    let first = try #require(rig.connect(address: "a"))
    _ = try #require(rig.connect(address: "b"))
    #expect(rig.connect(address: "c") == nil)
    rig.authenticate(first, as: 1)
    #expect(rig.connect(address: "c") != nil)
  }

  @Test func unauthenticatedConnectionsOfAnAddressAreBounded() throws {
    let rig = HubRig { $0.unauthenticatedConnectionsPerAddress = 1 }
    let first = try #require(rig.connect(address: "a"))
    #expect(rig.connect(address: "a") == nil)
    #expect(rig.connect(address: "b") != nil)
    rig.close(first)
    #expect(rig.connect(address: "a") != nil)
  }

  @Test func connectionsOfAnAddressOverTheRateAreToldToWait() throws {
    let rig = HubRig {
      $0.connectionBurstPerAddress = 2
      $0.connectionsPerAddressPerHour = 60
    }
    for _ in 0..<2 { rig.close(try #require(rig.connect(address: "a"))) }
    // It gets no challenge, but is not left in the dark.
    let third = try #require(rig.connect(address: "a"))
    let told = rig.pushes(third)
    #expect(told.count == 1 && told.first?.failureCode == .limit && told.first?.retryAfter == 60)
    #expect(rig.closed == [third] && rig.hub.connectionCount == 0 && rig.hub.unauthenticatedCount == 0)
    // Others are not held up, and it is let in again in time.
    let other = try #require(rig.connect(address: "b"))
    #expect(rig.pushes(other) == [.challenge(protocolVersion: 1, HubRig.nonce)])
    rig.advance(.seconds(60))
    let fourth = try #require(rig.connect(address: "a"))
    #expect(rig.pushes(fourth) == [.challenge(protocolVersion: 1, HubRig.nonce)])
  }

  @Test func addressesAreBoundedAndForgotten() throws {
    let rig = HubRig {
      $0.addresses = 2
      $0.connectionBurstPerAddress = 1
      $0.connectionsPerAddressPerHour = 60
    }
    for address in ["a", "b", "c", "d"] { rig.close(try #require(rig.connect(address: address))) }
    #expect(rig.hub.addressAccounts.count == 2)
    // An address that can't be remembered is not turned away, but codes cost money.
    let stranger = try #require(rig.connect(address: "e"))
    rig.authenticate(stranger, as: 5)
    let refusal = rig.ask(.register(sealedNumber: [5]), stranger)
    #expect(refusal?.failureCode == .limit && refusal?.retryAfter == 60 && rig.codesSent.isEmpty)
    // Buckets that are full again make room.
    rig.advance(.seconds(61))
    rig.close(try #require(rig.connect(address: "f")))
    #expect(rig.hub.addressAccounts.keys.sorted() == ["f"])
    rig.advance(.seconds(2 * 3600))
    #expect(rig.hub.addressAccounts.isEmpty)
  }

  @Test func codesOfAnAddressAreBounded() throws {
    let rig = HubRig {
      $0.codeBurstPerAddress = 2
      $0.codesPerAddressPerHour = 60
    }
    // Another session, another identity, another number: the same address.
    for person: UInt8 in 1...2 {
      let connection = try #require(rig.connect(address: "a"))
      rig.authenticate(connection, as: person)
      #expect(rig.ask(.register(sealedNumber: [person]), connection) == .codeSent(lifetimeSeconds: 600))
    }
    let third = try #require(rig.connect(address: "a"))
    rig.authenticate(third, as: 3)
    // Numbers are not even opened any more.
    rig.holds = { if case .openNumber = $0 { true } else { false } }
    for purpose in [RegistrationPurpose.register, .deregister] {
      let refusal = rig.ask(.register(sealedNumber: [3], purpose: purpose), third)
      #expect(refusal?.failureCode == .limit && refusal?.retryAfter == 60)
    }
    #expect(rig.held.isEmpty)
    rig.holds = { _ in false }
    let elsewhere = try #require(rig.connect(address: "b"))
    rig.authenticate(elsewhere, as: 4)
    #expect(rig.ask(.register(sealedNumber: [4]), elsewhere) == .codeSent(lifetimeSeconds: 600))
  }

  @Test func messagesOfARegistrationAreBounded() {
    let rig = HubRig {
      $0.deliveryBurst = 2
      $0.deliveriesPerHour = 60
    }
    var alice = rig.session(1)
    _ = rig.session(2)
    for id: UInt8 in 1...2 { #expect(rig.deliver(id, from: alice, to: 2) == .accepted) }
    // A new session is no new bucket.
    rig.close(alice)
    alice = rig.session(1)
    let refusal = rig.deliver(3, from: alice, to: 2)
    #expect(refusal?.failureCode == .limit && refusal?.retryAfter == 60)
    rig.advance(.seconds(60))
    #expect(rig.deliver(4, from: alice, to: 2) == .accepted)
  }

  /// What is remembered meanwhile does not put it off.
  @Test func aBusyRelaySweepsToo() {
    let rig = HubRig()
    let alice = rig.session(1)
    rig.ask(.evaluateTokens(HubRig.generation, [HubRig.octets(1)]), alice)
    rig.close(alice)
    for minute: UInt8 in 1...125 {
      rig.advance(.seconds(60))
      let other = rig.session(minute)
      rig.ask(.lookUp([HubRig.octets(minute)], withKeyPackages: false), other)
      rig.close(other)
    }
    #expect(rig.hub.accounts[HubRig.octets(1)] == nil && !rig.hub.accounts.isEmpty)
  }

  /// Whatever devices say in whatever order: no trap, every bound holds, and nothing is left once all are gone.
  @Test(arguments: 0..<40 as Range<UInt64>)
  func randomConversations(seed: UInt64) {
    var generator = SplitMix(state: seed)
    let rig = HubRig(generations: seed % 4 < 2 ? [HubRig.generation] : [HubRig.second, HubRig.generation]) {
      $0.pendingMessagesPerSender = 3
      $0.pendingMessages = 6
      $0.connections = 12
      $0.outstandingRequests = 3
      $0.evaluationBurst = 40
      $0.codeBurst = 5
      $0.connectionBurstPerAddress = 20
      $0.addresses = 2
      $0.deliveryBurst = 30
    }
    let holdsSome = seed % 2 == 1
    rig.holds = { action in
      switch action {
      case .send, .close, .abort, .discardCode: false
      default: holdsSome
      }
    }
    var open: [RelayConnectionID] = []
    for _ in 0..<600 {
      switch generator.next() % 12 {
      case 0: if let connection = rig.connect(address: "\(generator.next() % 3)") { open.append(connection) }
      case 1: if let connection = open.randomElement(using: &generator) { rig.close(connection) }
      case 2: rig.advance(.milliseconds(Int64(generator.next() % 400_000)))
      case 3:
        if !rig.held.isEmpty {
          rig.answer(rig.held.remove(at: Int(generator.next() % UInt64(rig.held.count))))
          rig.run()
        }
      case 4:
        if let connection = open.randomElement(using: &generator) {
          rig.authenticate(connection, as: UInt8(1 + generator.next() % 4), isRight: generator.next() % 8 != 0)
        }
      default:
        if let connection = open.randomElement(using: &generator) { rig.ask(message(&generator), connection) }
      }
      #expect(rig.hub.connectionCount <= 12)
      #expect(rig.hub.addressAccounts.count <= 2)
      #expect(rig.hub.pendingMessageCount <= 6)
      #expect(rig.hub.messageCountOfSender.values.allSatisfy { (1...3).contains($0) })
      #expect(rig.hub.messageCountOfSender.values.reduce(0, +) == rig.hub.pendingMessageCount)
      #expect(rig.hub.evaluationsInProgress <= rig.hub.limits.evaluationsInProgress)
      #expect(rig.hub.unacknowledged.values.reduce(0) { $0 + $1.count } == rig.hub.pendingMessageCount)
      for (token, connection) in rig.hub.connectionOfToken {
        #expect(rig.hub.sessions[connection]?.ready?.registration?.has(token) == true)
        #expect(rig.hub.sessions[connection]?.ready?.keyPackage != nil)
      }
      #expect(rig.hub.onlineConnections.isSuperset(of: rig.hub.connectionOfToken.values))
    }
    while !rig.held.isEmpty {
      rig.answer(rig.held.removeFirst())
      rig.run()
    }
    for connection in open { rig.close(connection) }
    while !rig.held.isEmpty {
      rig.answer(rig.held.removeFirst())
      rig.run()
    }
    rig.advance(.seconds(40 * 24 * 3600))
    #expect(rig.hub.connectionCount == 0)
    #expect(rig.hub.unauthenticatedCount == 0)
    #expect(rig.hub.unauthenticatedByAddress.isEmpty)
    #expect(rig.hub.connectionOfIdentity.isEmpty)
    #expect(rig.hub.connectionOfToken.isEmpty)
    #expect(rig.hub.jobs.isEmpty)
    #expect(rig.hub.messages.isEmpty)
    #expect(rig.hub.unacknowledged.isEmpty)
    #expect(rig.hub.messageCountOfSender.isEmpty)
    #expect(rig.hub.onlineConnections.isEmpty)
    #expect(rig.hub.accounts.isEmpty)
    #expect(rig.hub.addressAccounts.isEmpty)
    #expect(rig.hub.pendingCodes.isEmpty)
    #expect(rig.hub.codeTimes.isEmpty)
    #expect(rig.hub.registrationsInProgress == 0)
    #expect(rig.hub.evaluations.isEmpty)
    #expect(rig.hub.deadlineCount == 0)
    #expect(rig.hub.nextDeadline == nil)
  }

  private func message(_ generator: inout SplitMix) -> ClientMessage {
    let person = UInt8(1 + generator.next() % 4)
    let id: MessageID = HubRig.octets(UInt8(generator.next() % 12))
    switch generator.next() % 13 {
    case 0:
      return .register(
        sealedNumber: [UInt8(generator.next() % 4)], purpose: RegistrationPurpose(rawValue: Int(generator.next() % 4)))
    case 1: return .confirmRegistration(code: generator.next() % 3 == 0 ? "WRONG" : "RIGHT")
    case 2: return generator.next() % 4 == 0 ? .deregister : .ping(keepaliveSeconds: 30)
    case 3:
      let count = Int(1 + generator.next() % 12)
      return .evaluateTokens(
        HubRig.generation, (0..<count).map { _ in HubRig.octets(UInt8(generator.next() % 20)) })
    case 4: return .lookUp([HubRig.octets(person), HubRig.octets(9)], withKeyPackages: generator.next() % 2 == 0)
    case 5, 6: return .publishKeyPackage(HubRig.package(of: person))
    case 7, 8:
      return .deliver(
        Delivery(
          messageID: id, recipientToken: HubRig.octets(person), keyPackageID: HubRig.octets(person), sealed: [1],
          lifetimeMilliseconds: UInt32(1 + generator.next() % 60_000)))
    case 9: return .acknowledge(id, HubRig.octets(1))
    case 10: return .refuse(id, .notNow)
    case 11: return .revoke(id)
    default: return generator.next() % 4 == 0 ? .goingAway : .unrecognized
    }
  }
}

struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
