internal import ModemHost
internal import QMI
internal import Telephony

/// The run behind `bench proxy`.
final class BenchProxy {
  private static let warmUp = 500
  private static let memoryAfter = [1_000, 10_000, 100_000]

  private struct Side {
    var client: BenchClient
    var process: ChildProcess
    var latencies: [Latencies]
    var memory: [(requests: Int, use: MemoryUse)] = []
  }

  private struct Kind: Sendable {
    var name: String
    var service: QMIService
    var message: MessageID
    var fill: @Sendable (inout QMIMessageBuilder) -> Void = { _ in }
  }

  /// What ModemManager and qmicli ask again and again: short answers and long ones, four services.
  private static let kinds: [Kind] = [
    Kind(name: "dms get ids", service: .dms, message: 0x0025),
    Kind(name: "dms get operating mode", service: .dms, message: 0x002D),
    Kind(name: "nas get signal info", service: .nas, message: 0x004F),
    Kind(name: "nas get serving system", service: .nas, message: 0x0024),
    Kind(name: "nas get system info", service: .nas, message: 0x004D),
    Kind(name: "uim get card status", service: .uim, message: 0x002F),
    Kind(name: "wms get routes", service: .wms, message: WMS.ID.getRoutes),
    Kind(name: "wms list messages", service: .wms, message: WMS.ID.listMessages) {
      WMS.ListMessagesRequest(storage: .nv).encode(to: &$0)
    },
    Kind(name: "ctl get version info", service: .control, message: CTL.ID.versionInfo),
  ]

  private let workspace: BenchWorkspace
  private let stockModem: LabModem
  private let handset: BenchHandset
  private var stock: Side
  private var shunt: Side
  private var differences = 0
  private var count = 0

  init(shuntd: String, stock proxy: String) throws {
    workspace = try BenchWorkspace()
    let number = try PhoneNumber(e164: "+441632960001")
    stockModem = try LabModem(LabModem.configuration(number: number))
    handset = try BenchHandset("shunt", number: number, in: workspace, shuntd: shuntd)
    let process = try workspace.start([proxy, "--no-exit"], as: "qmi-proxy")
    let empty = Array(repeating: Latencies(), count: Self.kinds.count)
    stock = Side(
      client: try BenchClient(workspace, socket: "@qmi-proxy", device: stockModem.devicePath ?? "", of: process),
      process: process, latencies: empty)
    shunt = Side(client: try handset.client(workspace), process: handset.daemon, latencies: empty)
  }

  func run(_ count: Int) throws {
    for index in 0..<Self.warmUp { _ = try pair(index, measured: false) }
    for index in 0..<count {
      try pair(index, measured: true)
      if Self.memoryAfter.contains(index + 1) { try measureMemory(index + 1) }
    }
    self.count = count
  }

  var ratios: (median: Double, p99: Double) {
    let (stock, shunt) = totals
    return (shunt.median / stock.median, shunt.p99 / stock.p99)
  }

  /// One request through each proxy; who goes first changes from one round of kinds to the next.
  private func pair(_ index: Int, measured: Bool) throws {
    let kind = index % Self.kinds.count
    let answers: (QMUXFrame, QMUXFrame)
    if (index / Self.kinds.count).isMultiple(of: 2) {
      let first = try Self.request(&stock, kind, measured: measured)
      answers = (first, try Self.request(&shunt, kind, measured: measured))
    } else {
      let first = try Self.request(&shunt, kind, measured: measured)
      answers = (try Self.request(&stock, kind, measured: measured), first)
    }
    if answers.0 != answers.1 { differences += 1 }
  }

  private static func request(_ side: inout Side, _ index: Int, measured: Bool) throws -> QMUXFrame {
    let kind = kinds[index]
    let frame =
      kind.service == .control
      ? side.client.frame(CTL.VersionInfoRequest()) : try side.client.frame(kind.service, kind.message, kind.fill)
    let (answer, start, end) = try side.client.request(frame)
    guard answer.result == .success, answer.transaction == frame.transaction else {
      throw LabError("\(kind.name) through \(side.process.name): \(answer), \(answer.result?.description ?? "no result")")
    }
    if measured { side.latencies[index].add(end - start) }
    return answer
  }

  private func measureMemory(_ requests: Int) throws {
    guard let stockUse = MemoryUse(of: stock.process.processID), let shuntUse = MemoryUse(of: shunt.process.processID)
    else { throw LabError("a proxy is gone") }
    stock.memory.append((requests, stockUse))
    shunt.memory.append((requests, shuntUse))
  }

  private var totals: (stock: Latencies, shunt: Latencies) {
    (stock.latencies.reduce(Latencies(), +), shunt.latencies.reduce(Latencies(), +))
  }

  /// Prints the round's figures, and returns those that have limits of their own.
  func report() -> [Requirement] {
    var table = Table([
      "\(count) requests each, µs", "stock median", "p99", "shuntd median", "p99", "ratio median", "p99",
    ])
    func add(_ name: String, _ stock: Latencies, _ shunt: Latencies) {
      table.add([
        name, stock.median.text(1), stock.p99.text(1), shunt.median.text(1), shunt.p99.text(1),
        (shunt.median / stock.median).text(2), (shunt.p99 / stock.p99).text(2),
      ])
    }
    for (index, kind) in Self.kinds.enumerated() { add(kind.name, stock.latencies[index], shunt.latencies[index]) }
    add("all", totals.stock, totals.shunt)
    Output.line(table.text)
    Output.line("answers that differ: \(differences)")
    for (stock, shunt) in zip(stock.memory, shunt.memory) {
      Output.line("after \(stock.requests) requests: stock \(stock.use.description); shuntd \(shunt.use.description)")
    }
    return requirements
  }

  private var requirements: [Requirement] {
    var list = [Requirement(name: "answers that differ", value: Double(differences), limit: 0, unit: "")]
    let mebibyte = Double(1 << 20)
    if let use = self.shunt.memory.first(where: { $0.requests == 10_000 })?.use {
      list.append(
        Requirement(name: "USS after 10,000 requests", value: Double(use.private) / mebibyte, limit: 8, unit: " MiB"))
      list.append(
        Requirement(name: "RSS after 10,000 requests", value: Double(use.resident) / mebibyte, limit: 32, unit: " MiB"))
    }
    if let first = self.shunt.memory.first?.use, let last = self.shunt.memory.last?.use, self.shunt.memory.count > 1 {
      // A few pages come and go with the allocator's arenas.
      list.append(
        Requirement(
          name: "growth of USS from the first to the last", value: Double(last.private - first.private) / mebibyte,
          limit: 0.25, unit: " MiB"))
    }
    return list
  }
}
