internal import Handset
internal import RelayProtocol
internal import Sealing
internal import Synchronization
internal import Telephony
internal import VirtualModem

/// What all runs of a process share because it is costly to make: the relay's keys, and handsets that registered with it and
/// looked each other up. It is made once, by running all that for real.
///
/// Its keys are new in each process; nothing that a run does depends on them.
public final class Laboratory: Sendable {
  public static let handsetCounts = 2...9
  /// The relay's keys are pinned; of its certificate only the hash matters here.
  let keys: RelayKeys
  let trust: RelayTrust
  let keyHash: CertificateKeyHash
  let numbers: [PhoneNumber]
  let identities: [ModemIdentity]
  /// Of a SIM that nobody knows.
  let spareIdentity: ModemIdentity
  private let tokens = Mutex<[PhoneNumber: NumberToken]>([:])
  private let snapshot = Mutex<Snapshot>(Snapshot())

  private struct Snapshot {
    var files: [[StateFile: [UInt8]]] = []
    var registrations: [NumberToken: RelayRegistration] = [:]
  }

  /// Handsets were registered so long before a run begins.
  private static let age: Duration = .seconds(3 * 86_400)

  /// - Throws: what the cryptography throws; ``LaboratoryError`` when the handsets could not be registered.
  public init(handsets count: Int) throws {
    guard Self.handsetCounts.contains(count), let home = SimulatedHandset.home else { throw LaboratoryError.handsetCount }
    keys = try RelayKeys()
    trust = try keys.trust(certificatePEM: "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n")
    keyHash = try CertificateKeyHash([UInt8](repeating: 0xC0, count: CertificateKeyHashKind.octetCount))
    numbers = try (0..<count).map { try PhoneNumber(e164: "+91987654\(3210 + $0)") }
    identities = try numbers.map { try ModemIdentity(number: $0, homeNetwork: home) }
    spareIdentity = try ModemIdentity(number: PhoneNumber(e164: "+919800000001"), homeNetwork: home)
    try register()
  }

  private func register() throws {
    let world = World(
      .enrolment(handsets: numbers.count), laboratory: self, keepsTrace: false,
      wall: World.wallStart.adding(.zero - Self.age))
    defer { world.tearDown() }
    let result = world.enrolAll()
    guard let result else { throw LaboratoryError.notRegistered }
    snapshot.withLock { $0 = Snapshot(files: result.files, registrations: result.registrations) }
  }

  /// What a registered handset has on disk.
  func files(of index: Int) -> [StateFile: [UInt8]] { snapshot.withLock { $0.files.indices.contains(index) ? $0.files[index] : [:] } }

  var registrations: [NumberToken: RelayRegistration] { snapshot.withLock { $0.registrations } }

  /// The token that the relay makes of a number; stretching takes long, and gives the same each time.
  func token(of number: PhoneNumber) -> NumberToken? {
    if let known = tokens.withLock({ $0[number] }) { return known }
    guard let token = try? keys.token(for: number, generation: keys.generations[0]) else { return nil }
    tokens.withLock { $0[number] = token }
    return token
  }
}

/// Why there is no laboratory.
public enum LaboratoryError: Error, Sendable {
  /// Out of ``Laboratory/handsetCounts``.
  case handsetCount
  /// Without any fault, handsets did not get registered, or did not find each other.
  case notRegistered
}
