// swift-tools-version: 6.1
import PackageDescription

// Debug and release builds, fuzzers and tests share one list, so that no target drifts.
let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func module(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
  .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: swiftSettings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

var targets: [Target] = [
  // Carriers of pkg-config flags: Debian's qmi-glib.pc asks for mbim-glib, which libqmi-glib-dev does
  // not pull in, and SwiftPM then drops every flag; qrtr-glib names the same include directories.
  .systemLibrary(name: "CGIO", path: "CModem/pkgconfig/CGIO", pkgConfig: "gio-unix-2.0"),
  .systemLibrary(name: "CQRTR", path: "CModem/pkgconfig/CQRTR", pkgConfig: "qrtr-glib"),
  .systemLibrary(name: "COpenSSL", path: "CModem/pkgconfig/COpenSSL", pkgConfig: "openssl"),
  .target(
    name: "CModem",
    dependencies: ["CGIO", "CQRTR", "COpenSSL"],
    path: "CModem",
    exclude: ["pkgconfig"],
    sources: ["src"],
    publicHeadersPath: "include",
    cSettings: [.define("_GNU_SOURCE")],
    linkerSettings: [.linkedLibrary("qmi-glib"), .linkedLibrary("phonenumber")]
  ),

  // Stands in for the C library's free in the relay, so that what it forgets is overwritten.
  .target(name: "CRelay"),

  module("Release"),

  // Core: no I/O, no clock.
  module("Telephony"),
  module("QMI"),
  module("Interposer", ["QMI", "Telephony"]),
  module("Routing", ["Telephony"]),
  module("RelayProtocol", [protobuf], exclude: ["relay.proto"]),
  module("Sealing", ["Telephony", "RelayProtocol", crypto, cryptoExtras, protobuf]),
  module("Handset", ["Telephony", "QMI", "Interposer", "Routing", "RelayProtocol", "Sealing", protobuf], exclude: ["state.proto"]),
  module("VirtualModem", ["QMI", "Telephony"]),
  module(
    "Simulation", ["Handset", "Interposer", "QMI", "RelayProtocol", "Routing", "Sealing", "Telephony", "VirtualModem"]),

  // Shells: I/O, no decisions.
  module("ModemHost", ["CModem", "Telephony", "QMI"]),
  module(
    "RelayServer",
    [
      "CRelay", "RelayProtocol", "Sealing", "Telephony", protobuf, crypto,
      .product(name: "NIOCore", package: "swift-nio"),
      .product(name: "NIOPosix", package: "swift-nio"),
      .product(name: "NIOTLS", package: "swift-nio"),
      .product(name: "NIOSSL", package: "swift-nio-ssl"),
      .product(name: "X509", package: "swift-certificates"),
      .product(name: "SwiftASN1", package: "swift-asn1"),
      .product(name: "GRDB", package: "GRDB.swift"),
      .product(name: "Logging", package: "swift-log"),
      .product(name: "Metrics", package: "swift-metrics"),
      .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
    ]),
  program("shuntd", ["Handset", "Interposer", "ModemHost", "RelayProtocol", "Release", "Routing", "Sealing", "Telephony", "QMI"]),
  program("shuntctl", ["ModemHost", "QMI", "Release", "Routing", "Telephony", argumentParser]),
  program(
    "shunt-relay",
    [
      "RelayServer", "Release", argumentParser,
      .product(name: "Logging", package: "swift-log"),
      .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      .product(name: "UnixSignals", package: "swift-service-lifecycle"),
    ]),
  program(
    "shunt-lab",
    [
      "Handset", "Interposer", "ModemHost", "QMI", "RelayProtocol", "Release", "Routing", "Sealing", "Simulation", "Telephony",
      "VirtualModem", crypto, argumentParser,
    ]),

  tests("TelephonyTests", ["Telephony"]),
  tests("QMITests", ["QMI"]),
  tests("InterposerTests", ["Interposer", "QMI", "Telephony", "VirtualModem"]),
  tests("RoutingTests", ["Routing", "Telephony"]),
  tests("RelayProtocolTests", ["RelayProtocol", protobuf]),
  tests("SealingTests", ["Sealing", "RelayProtocol", "Telephony", crypto, cryptoExtras, protobuf]),
  tests(
    "HandsetTests",
    ["Handset", "Interposer", "Routing", "RelayProtocol", "Sealing", "VirtualModem", "QMI", "Telephony", protobuf]),
  tests("SimulationTests", ["Simulation"]),
  tests("VirtualModemTests", ["VirtualModem", "QMI", "Telephony"]),
  tests("ModemHostTests", ["ModemHost", "QMI", "Sealing", "RelayProtocol", "Telephony", crypto]),
  tests(
    "RelayServerTests",
    [
      "CRelay", "RelayServer", "shunt-relay", "RelayProtocol", "Sealing", "Telephony", protobuf, crypto,
      .product(name: "GRDB", package: "GRDB.swift"),
      .product(name: "NIOCore", package: "swift-nio"),
      .product(name: "NIOPosix", package: "swift-nio"),
      .product(name: "NIOEmbedded", package: "swift-nio"),
      .product(name: "NIOTLS", package: "swift-nio"),
      .product(name: "NIOSSL", package: "swift-nio-ssl"),
      .product(name: "Logging", package: "swift-log"),
      .product(name: "Metrics", package: "swift-metrics"),
    ]),
  tests("ShuntLabTests", ["shunt-lab", "Simulation", "VirtualModem", "QMI", "RelayProtocol", "Telephony", argumentParser]),
  tests("EndToEndTests", []),

  // What is fuzzed. The suite runs it with the inputs that are kept, `board/fuzz` with others.
  .target(
    name: "FuzzTargets", dependencies: ["Interposer", "QMI", "RelayProtocol", "Telephony"], path: "Tests/Fuzzing/Targets",
    swiftSettings: swiftSettings),
  tests("FuzzingTests", ["FuzzTargets"]),
]

// libFuzzer brings a main of its own, so the fuzzer exists only when it is asked for (`board/fuzz`).
if Context.environment["SHUNT_FUZZ"] != nil {
  targets.append(
    .executableTarget(
      name: "Fuzzer",
      dependencies: ["FuzzTargets"],
      path: "Tests/Fuzzing/Fuzzer",
      swiftSettings: swiftSettings + [.unsafeFlags(["-sanitize=fuzzer,address", "-parse-as-library"])],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address"])]))
}

let package = Package(
  name: "shunt",
  dependencies: [
    .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
    // No traits: the default ones link full Foundation and ICU, 48 MB that a handset has no use for.
    .package(url: "https://github.com/apple/swift-protobuf.git", from: "1.39.0", traits: []),
    .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
  ],
  targets: targets,
  cxxLanguageStandard: .cxx17
)
