/// Puts the streams of a capture together, by sequence number: segments may come twice, in any order, and overlap.
struct TCPStreams {
  /// More than this is not held.
  static let maximumOctetCount = 256 << 20

  private struct Segment {
    /// From the stream's beginning.
    let start: Int
    let octets: ArraySlice<UInt8>
  }

  private struct Stream {
    let flow: TCPFlow
    let origin: UInt32
    var segments: [Segment] = []
  }

  private var streams: [Stream] = []
  private var current: [TCPFlow: Int] = [:]
  private(set) var octetCount = 0

  var count: Int { streams.count { !$0.segments.isEmpty } }

  /// - Returns: false when there is no more room.
  mutating func add(_ segment: TCPSegment) -> Bool {
    let index: Int
    if let known = current[segment.flow], !segment.isFirst || streams[known].origin == segment.sequence {
      index = known
    } else {
      // A new connection, though it may have the ports of one before.
      index = streams.count
      streams.append(Stream(flow: segment.flow, origin: segment.sequence))
      current[segment.flow] = index
    }
    guard !segment.payload.isEmpty else { return true }
    guard octetCount + segment.payload.count <= Self.maximumOctetCount else { return false }
    octetCount += segment.payload.count
    let start = Int(Int32(bitPattern: segment.sequence &- streams[index].origin))
    streams[index].segments.append(Segment(start: start, octets: segment.payload))
    return true
  }

  /// The streams with something in them. Where a part is missing a stream has a further run. Of octets that came twice the first are taken.
  var runs: [(flow: TCPFlow, octets: [UInt8])] {
    streams.flatMap { stream -> [(TCPFlow, [UInt8])] in
      var runs: [[UInt8]] = []
      var end: Int?
      for segment in stream.segments.sorted(by: { $0.start < $1.start }) {
        if let expected = end, segment.start <= expected {
          let known = expected - segment.start
          guard known < segment.octets.count else { continue }
          runs[runs.count - 1] += segment.octets.dropFirst(known)
        } else {
          runs.append(Array(segment.octets))
        }
        end = segment.start + segment.octets.count
      }
      return runs.map { (stream.flow, $0) }
    }
  }
}
