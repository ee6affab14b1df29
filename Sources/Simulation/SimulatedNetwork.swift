/// The handset's way to the Internet, as all its connections see it.
final class SimulatedNetwork {
  private unowned let world: World
  private let index: Int
  var stream: SeededStream
  /// Nothing passes. What is on its way waits, as TCP sends it again.
  private(set) var isBlack = false
  /// There is no network, and the system says so.
  private(set) var isDown = false
  private var slowness: Duration?
  private var paths: [RelayPath] = []

  init(_ world: World, index: Int) {
    self.world = world
    self.index = index
    stream = SeededStream(seed: world.plan.seed, "network", index)
  }

  func latency() -> Duration {
    let usual = stream.span(5_000, 200_000)
    return slowness.map { usual + $0 / 2 + $0 * stream.below(100) / 100 } ?? usual
  }

  func add(_ path: RelayPath) {
    paths.removeAll { $0.isOver }
    paths.append(path)
  }

  /// The handset is off: its ends of the connections are gone without a word.
  func powerFailed() {
    for path in paths { path.lostByDevice() }
  }

  func tearDown() { paths = [] }

  func begin(_ fault: PlannedFault, _ handset: SimulatedHandset) {
    let isSurvived = fault.chance & 1 == 0
    switch fault.kind {
    case .networkLost:
      isDown = true
      isBlack = true
      handset.whenAwake { handset.daemon?.networkChanged(isAvailable: false) }
      world.after(fault.duration) { [unowned self] in comeBack(isSurvived, handset, isTold: true) }
    case .networkChanged:
      abandonPaths()
      handset.whenAwake { handset.daemon?.networkChanged(isAvailable: true) }
    case .blackHole:
      isBlack = true
      world.after(fault.duration) { [unowned self] in comeBack(isSurvived, handset, isTold: false) }
    case .networkSlow:
      slowness = .milliseconds(fault.amount)
      world.after(fault.duration) { [unowned self] in slowness = nil }
    case .connectionCut:
      for path in paths where !path.isOver { path.reset(atDeviceFirst: fault.chance & 2 == 0) }
    default: break
    }
  }

  func heal(_ handset: SimulatedHandset) {
    slowness = nil
    if isBlack { comeBack(true, handset, isTold: isDown) }
  }

  private func comeBack(_ isSurvived: Bool, _ handset: SimulatedHandset, isTold: Bool) {
    guard isBlack else { return }
    isBlack = false
    isDown = false
    handset.trace("network is back", isSurvived ? 1 : 0)
    if !isSurvived { abandonPaths() }
    for path in paths { path.resume() }
    if isTold { handset.whenAwake { handset.daemon?.networkChanged(isAvailable: true) } }
  }

  /// Another address: what is connected hangs until somebody gives it up.
  private func abandonPaths() {
    for path in paths { path.isDeadEnd = true }
  }
}
