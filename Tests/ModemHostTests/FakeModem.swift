import ModemHost

/// A modem on a pseudo-terminal: answers QMI requests as a test tells it, hands out and takes back client ids by itself.
///
/// Frames are built and taken apart here by hand, so that a mistake in the module under test is not made twice.
final class FakeModem {
  struct Request: Equatable {
    var service: UInt8
    var client: UInt8
    var transaction: UInt16
    var message: UInt16
    var tlvs: [UInt8: [UInt8]]
    var octets: [UInt8]
  }

  enum Answer {
    /// Success with these TLVs.
    case success([Field])
    /// A QMI error.
    case failure(UInt16)
    /// Bytes to send as they are.
    case octets([UInt8])
    case silence
  }

  struct Identifier: Hashable {
    var service: UInt8
    var client: UInt8
  }

  let terminal: PseudoTerminal
  private(set) var requests: [Request] = []
  /// Client ids that were allocated and not released.
  private(set) var allocated: Set<Identifier> = []
  /// Most client ids in use at the same time.
  private(set) var mostAllocated = 0
  /// What to say to anything but Allocate and Release CID; these too when `answersControl` is false.
  var answer: (Request) -> Answer
  var answersControl = true
  private var buffer: [UInt8] = []
  private var nextClient: UInt8 = 1

  init(link: String? = nil, answer: @escaping (Request) -> Answer = { _ in .success([]) }) throws {
    terminal = try PseudoTerminal(link: link)
    self.answer = answer
    terminal.onBytes = { [weak self] bytes in self?.take(bytes) }
  }

  var path: String { terminal.slavePath }

  /// Unplugs it.
  func vanish() {
    terminal.close()
  }

  func indicate(service: UInt8, client: UInt8, message: UInt16, tlvs: [Field] = []) {
    terminal.send(frame(service: service, client: client, flags: service == 0 ? 2 : 4, transaction: 0, message, tlvs))
  }

  private func take(_ bytes: UnsafeRawBufferPointer) {
    buffer += bytes
    while buffer.count >= 3 {
      let count = Int(buffer[1]) + Int(buffer[2]) << 8 + 1
      guard buffer.count >= count else { return }
      let octets = Array(buffer[..<count])
      buffer.removeFirst(count)
      handle(request(octets))
    }
  }

  private func handle(_ request: Request) {
    requests.append(request)
    var answer = answer(request)
    if request.service == 0, answersControl {
      switch request.message {
      case 0x22:
        let identifier = Identifier(service: request.tlvs[1]?.first ?? 0, client: nextClient)
        nextClient += 1
        allocated.insert(identifier)
        mostAllocated = max(mostAllocated, allocated.count)
        answer = .success([.init(0x01, [identifier.service, identifier.client])])
      case 0x23:
        let info = request.tlvs[1] ?? [0, 0]
        allocated.remove(Identifier(service: info[0], client: info[1]))
        answer = .success([.init(0x01, info)])
      default: break
      }
    }
    switch answer {
    case .success(let tlvs): terminal.send(response(to: request, [.init(0x02, [0, 0, 0, 0])] + tlvs))
    case .failure(let error):
      terminal.send(response(to: request, [.init(0x02, [1, 0, UInt8(error & 0xFF), UInt8(error >> 8)])]))
    case .octets(let octets): terminal.send(octets)
    case .silence: break
    }
  }

  private func request(_ octets: [UInt8]) -> Request {
    let isControl = octets[4] == 0
    let header = isControl ? 12 : 13
    let transaction = isControl ? UInt16(octets[7]) : UInt16(octets[7]) | UInt16(octets[8]) << 8
    let message = UInt16(octets[header - 4]) | UInt16(octets[header - 3]) << 8
    var tlvs: [UInt8: [UInt8]] = [:]
    var index = header
    while index + 3 <= octets.count {
      let count = Int(octets[index + 1]) | Int(octets[index + 2]) << 8
      tlvs[octets[index]] = Array(octets[index + 3..<index + 3 + count])
      index += 3 + count
    }
    return Request(
      service: octets[4], client: octets[5], transaction: transaction, message: message, tlvs: tlvs, octets: octets)
  }
}

/// One TLV of a message.
struct Field {
  let tag: UInt8
  let value: [UInt8]

  init(_ tag: UInt8, _ value: [UInt8]) {
    self.tag = tag
    self.value = value
  }
}

/// The answer to `request` with these TLVs.
func response(to request: FakeModem.Request, _ tlvs: [Field]) -> [UInt8] {
  frame(
    service: request.service, client: request.client, flags: request.service == 0 ? 1 : 2,
    transaction: request.transaction, request.message, tlvs)
}

/// One QMUX frame; `flags` are the QMI flags (0: request).
func frame(
  service: UInt8, client: UInt8, flags: UInt8 = 0, transaction: UInt16, _ message: UInt16,
  _ tlvs: [Field] = []
) -> [UInt8] {
  func low(_ value: Int) -> [UInt8] { [UInt8(value & 0xFF), UInt8(value >> 8 & 0xFF)] }
  let body = tlvs.flatMap { [$0.tag] + low($0.value.count) + $0.value }
  let header =
    [flags] + (service == 0 ? [UInt8(transaction & 0xFF)] : low(Int(transaction))) + low(Int(message)) + low(body.count)
  return [0x01] + low(5 + header.count + body.count) + [flags == 0 ? 0 : 0x80, service, client] + header + body
}
