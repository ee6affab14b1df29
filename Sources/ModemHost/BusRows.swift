internal import CModem

/// Rows on their way to the shim.
final class BusRows {
  private let handle: OpaquePointer?

  init(_ rows: [BusRow]) {
    handle = cm_bus_rows_new()
    for row in rows {
      cm_bus_rows_begin(handle)
      for (key, value) in row {
        switch value {
        case .string(let string): cm_bus_rows_string(handle, key, string)
        case .bool(let bool): cm_bus_rows_bool(handle, key, bool)
        case .integer(let integer): cm_bus_rows_integer(handle, key, integer)
        case .double(let double): cm_bus_rows_double(handle, key, double)
        case .strings(let strings):
          withCStrings(strings) { cm_bus_rows_strings(handle, key, $0, strings.count) }
        }
      }
    }
  }

  deinit {
    cm_bus_rows_free(handle)
  }

  func withHandle(_ body: (OpaquePointer?) -> Void) {
    body(handle)
  }
}

/// Lends C copies of `strings`. Octet zero ends a C string, so what follows it is not passed on.
func withCStrings<Result>(
  _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
) -> Result {
  var octets: [CChar] = []
  var offsets: [Int] = []
  for string in strings {
    offsets.append(octets.count)
    octets.append(contentsOf: string.utf8CString)
  }
  return octets.withUnsafeBufferPointer { buffer in
    let pointers: [UnsafePointer<CChar>?] = offsets.map { offset in buffer.baseAddress.map { $0 + offset } }
    return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
  }
}

extension BusValue {
  /// Copies a value that the shim lends.
  init(_ value: CmBusValue) {
    switch value.type {
    case CM_BUS_BOOL: self = .bool(value.boolean)
    case CM_BUS_INTEGER: self = .integer(value.integer)
    case CM_BUS_DOUBLE: self = .double(value.number)
    case CM_BUS_STRINGS:
      self = .strings(
        UnsafeBufferPointer(start: value.strings, count: value.string_count).map { $0.map { String(cString: $0) } ?? "" })
    default: self = .string(value.string.map { String(cString: $0) } ?? "")
    }
  }
}
