import Foundation
import Testing

extension EndToEnd {
  @Suite struct Bench {
    @Test func theIdleBenchmarkRunsAndPrints() throws {
      try Prerequisites.check()
      let arguments = ["bench", "idle", "--binaries", Prerequisites.programs, "--minutes", "0.05"]
      let printed = try Program.run([Prerequisites.shuntLab] + arguments).orThrow()
      #expect(printed.text.contains(/^idle for 3 seconds: \d+ wake-ups, \d+\.\d\d a minute/), "\(printed)")
      #expect(printed.text.contains("keepalives: 0, 0 due"), "\(printed)")
    }
  }
}
