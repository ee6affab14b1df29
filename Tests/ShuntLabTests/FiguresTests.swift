import Glibc
import Testing

@testable import shunt_lab

@Suite struct FiguresTests {
  @Test func quantiles() {
    var latencies = Latencies()
    #expect(latencies.median == 0)
    for value in (1...1000).reversed() { latencies.add(.microseconds(value)) }
    #expect(latencies.count == 1000)
    #expect(latencies.median == 501)
    #expect(latencies.p99 == 991)
    #expect(latencies.quantile(1000) == 1000)
    #expect((latencies + latencies).count == 2000)
  }

  @Test func decimals() {
    #expect(1.0.text(2) == "1.00")
    #expect(0.005.text(2) == "0.01")
    #expect(12.345.text(1) == "12.3")
    #expect((-0.26).text(1) == "-0.3")
    #expect((-0.01).text(1) == "0.0")
    #expect(1234.5.text(0) == "1235")
    #expect(MemoryUse.mebibytes(5 << 20) == "5.0 MiB")
    #expect(MemoryUse.mebibytes((5 << 20) + (1 << 19)) == "5.5 MiB")
  }

  @Test func columnsAreAligned() {
    var table = Table(["name", "a", "bb"])
    table.add(["longer name", "100", "2"])
    #expect(table.text == "name           a  bb\nlonger name  100   2")
  }

  @Test func aRequirementSaysWhetherItIsMet() {
    #expect(Requirement(name: "ratio", value: 0.98, limit: 1, unit: "").line == "met    ratio: 0.98, limit 1.00")
    #expect(Requirement(name: "ratio", value: 1.2, limit: 1, unit: " x").line == "MISSED ratio: 1.20 x, limit 1.00 x")
  }

  @Test func thisProcessHasMemory() throws {
    let use = try #require(MemoryUse(of: getpid()))
    #expect(use.resident > 1 << 20 && use.private > 0 && use.private <= use.resident)
    #expect(MemoryUse(of: 0) == nil)
  }

  @Test func settingsAreAKeyFile() {
    let settings = BenchSettings(
      device: "/dev/pts/1", socket: "x", directory: "/tmp/d", bus: "unix:path=/tmp/b", relayPort: 7443,
      relayAuthority: "/tmp/ca.pem")
    #expect(
      settings.text == """
        [modem]
        device=/dev/pts/1
        [proxy]
        socket=x
        [relay]
        host=127.0.0.1
        port=7443
        ca=/tmp/ca.pem
        [state]
        directory=/tmp/d/state
        [log]
        decisions=/tmp/d/decisions.jsonl
        [control]
        bus=unix:path=/tmp/b

        """)
  }
}
