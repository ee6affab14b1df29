internal import Glibc
internal import Simulation

/// Runs the seeds in processes beside each other: one that a fault of ours stops takes no other with it, and its seed is known.
final class SimulationCrew {
  struct Failure {
    let seed: UInt64
    let text: String
  }

  struct Result {
    var figures = SimulationFigures()
    var failures: [Failure] = []
  }

  private var workers: [ChildProcess] = []
  private var logs: [String] = []
  private let directory: String

  init(command: SimulateCommand, jobs: Int) throws {
    var template = Array("/tmp/shunt-simulate.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw LabError("no directory for the workers' output: \(String(cString: strerror(errno)))")
    }
    directory = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    let program = try Self.program()
    for job in 0..<min(jobs, command.seeds) {
      let log = "\(directory)/\(job)"
      logs.append(log)
      workers.append(
        try ChildProcess(
          [
            program, "simulate", "--worker", "--handsets", "\(command.handsets)", "--messages", "\(command.messages)",
            "--first", "\(command.first + UInt64(job))", "--seeds", "\(command.seeds - job)",
            "--stride", "\(min(jobs, command.seeds))",
          ],
          log: log, environment: ["SWIFT_BACKTRACE": "enable=no"]))
    }
  }

  deinit {
    for log in logs { unlink(log) }
    rmdir(directory)
  }

  private static func program() throws -> String {
    var octets = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &octets, octets.count - 1)
    guard count > 0 else { throw LabError("this program's own file is not known") }
    return String(decoding: octets.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  func run() throws -> Result {
    while workers.contains(where: { $0.exitStatus == nil }) { usleep(100_000) }
    var result = Result()
    for (worker, log) in zip(workers, logs) { read(log, status: worker.exitStatus ?? 0, into: &result) }
    return result
  }

  private func read(_ log: String, status: Int32, into result: inout Result) {
    var seed: UInt64 = 0
    var hasEnded = false
    var figures = SimulationFigures()
    for line in Self.lines(of: log) {
      let words = line.split(separator: " ", maxSplits: 2)
      switch words.first {
      case "seed": seed = words.count > 1 ? UInt64(words[1]) ?? 0 : 0
      case "violation": result.failures.append(Failure(seed: seed, text: String(line.dropFirst(10))))
      case "figure": if words.count == 3, let value = Int(words[2]) { figures.set(String(words[1]), value) }
      case "end": hasEnded = true
      default: break
      }
    }
    result.figures += figures
    if !hasEnded { result.failures.append(Failure(seed: seed, text: "the process ended with \(status)")) }
  }

  private static func lines(of path: String) -> [Substring] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var octets: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      guard count > 0 else { break }
      octets += buffer.prefix(count)
    }
    return String(decoding: octets, as: UTF8.self).split(separator: "\n")
  }
}
