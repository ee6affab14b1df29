import FuzzTargets
import Glibc

/// Which target this process fuzzes: `SHUNT_FUZZ` names it. Anything else is a mistake of whoever started it.
private let target: FuzzTarget = {
  guard let name = getenv("SHUNT_FUZZ"), let target = FuzzTarget(rawValue: String(cString: name)) else {
    fatalError("SHUNT_FUZZ is none of \(FuzzTarget.allCases.map(\.rawValue))")
  }
  return target
}()

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  do {
    try target.run(Array(UnsafeBufferPointer(start: start, count: count)))
  } catch {
    fatalError("\(error)")
  }
  return 0
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ argumentCount: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// SwiftPM makes this the program's `main`, so libFuzzer's own is never linked, but its driver is.
@_cdecl("Fuzzer_main")
public func main(_ argumentCount: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
  var argumentCount = argumentCount
  var arguments = arguments
  return runDriver(&argumentCount, &arguments) { test($0, $1) }
}
