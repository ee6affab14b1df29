internal import Routing

/// What looking up some contacts took.
struct LookUpFigure {
  var contacts: Int
  /// The device had their tokens: only their presence was asked for.
  var isCached: Bool
  /// A call takes at most as many numbers as a request to the relay.
  var calls: Int
  var device = Latencies()
  var relay = Latencies()
  var toRelay = FrameTraffic()
  var toDevice = FrameTraffic()

  var tlsOctets: Int { toRelay.tlsOctets + toDevice.tlsOctets }

  static let titles = [
    "contacts", "calls", "device ms", "relay ms", "octets up", "octets down", "frames", "TLS adds",
  ]

  var row: [String] {
    [
      "\(contacts.grouped) \(isCached ? "cached" : "cold")", String(calls), (device.median / 1000).text(2),
      (relay.median / 1000).text(2), toRelay.octets.grouped, toDevice.octets.grouped,
      String(toRelay.frames + toDevice.frames), tlsOctets.grouped,
    ]
  }

  /// `look_up` is the number of contacts; times are of one core; octets are without TLS.
  var json: String {
    var object = JSONObject()
    object.add("look_up", Int64(contacts))
    object.add("cached", isCached)
    object.add("calls", Int64(calls))
    object.add("device_microseconds", Int64(device.median.rounded()))
    object.add("relay_microseconds", Int64(relay.median.rounded()))
    object.add("octets_to_relay", Int64(toRelay.octets))
    object.add("octets_to_device", Int64(toDevice.octets))
    object.add("frames", Int64(toRelay.frames + toDevice.frames))
    object.add("tls_octets", Int64(tlsOctets))
    object.add("raised_limit", !isCached && LookUpBench.needsRaisedLimit(contacts))
    return object.line
  }
}
