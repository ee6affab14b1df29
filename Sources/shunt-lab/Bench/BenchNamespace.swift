internal import Glibc

/// A network namespace of the benchmark's own: the stock proxy's socket name is free there, and nothing reaches the network.
enum BenchNamespace {
  private static let marker = "SHUNT_LAB_BENCH_NAMESPACE"

  /// Starts this program anew in a namespace, unless that has been done. Returns only in there.
  static func enter() throws {
    guard getenv(marker) == nil else { return }
    guard let program = realpath("/proc/self/exe", nil) else { throw LabError("/proc is not mounted") }
    defer { free(program) }
    setenv(marker, "1", 1)
    let unshare = geteuid() == 0 ? ["unshare", "--net"] : ["unshare", "--map-root-user", "--net"]
    let script = "ip link set lo up && exec \"$0\" \"$@\""
    let arguments = unshare + ["sh", "-c", script, String(cString: program)] + CommandLine.arguments.dropFirst()
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    pointers.append(nil)
    execvp("unshare", pointers)
    throw LabError("cannot make a network namespace: unshare: \(String(cString: strerror(errno)))")
  }
}
