/// The D-Bus interface by which people and programs control the daemon: names and shape, for both of its ends.
public enum ControlInterface {
  public static let busName = "org.shunt.Shunt1"
  public static let objectPath = "/org/shunt/Shunt1"
  public static let interfaceName = "org.shunt.Shunt1"
  /// Errors of the service are named by this and a word, such as `org.shunt.Shunt1.Error.NotEnabled`.
  public static let errorPrefix = "org.shunt.Shunt1.Error."

  static let decisionSignal = "Decision"
  static let statusChangedSignal = "StatusChanged"
  static let keyChangedSignal = "KeyChanged"

  /// What `Introspect` tells; GDBus checks calls against it before they reach us.
  public static let introspectionXML = """
    <node>
      <interface name="org.shunt.Shunt1">
        <method name="Enable">
          <arg name="number" type="s" direction="in"/>
          <arg name="result" type="a{sv}" direction="out"/>
        </method>
        <method name="EnableInstead">
          <arg name="number" type="s" direction="in"/>
          <arg name="result" type="a{sv}" direction="out"/>
        </method>
        <method name="Confirm">
          <arg name="code" type="s" direction="in"/>
          <arg name="result" type="a{sv}" direction="out"/>
        </method>
        <method name="Disable">
          <arg name="result" type="a{sv}" direction="out"/>
        </method>
        <method name="Deregister">
          <arg name="number" type="s" direction="in"/>
          <arg name="result" type="a{sv}" direction="out"/>
        </method>
        <method name="Status">
          <arg name="status" type="a{sv}" direction="out"/>
        </method>
        <method name="Identity">
          <arg name="identity" type="a{sv}" direction="out"/>
        </method>
        <method name="LookUp">
          <arg name="numbers" type="as" direction="in"/>
          <arg name="results" type="aa{sv}" direction="out"/>
        </method>
        <method name="Send">
          <arg name="number" type="s" direction="in"/>
          <arg name="text" type="s" direction="in"/>
          <arg name="result" type="a{sv}" direction="out"/>
        </method>
        <method name="Fingerprint">
          <arg name="number" type="s" direction="in"/>
          <arg name="fingerprints" type="a{sv}" direction="out"/>
        </method>
        <method name="Trust">
          <arg name="number" type="s" direction="in"/>
          <arg name="fingerprint" type="s" direction="in"/>
          <arg name="fingerprints" type="a{sv}" direction="out"/>
        </method>
        <method name="Log">
          <arg name="count" type="u" direction="in"/>
          <arg name="records" type="as" direction="out"/>
        </method>
        <signal name="Decision">
          <arg name="record" type="s"/>
        </signal>
        <signal name="StatusChanged">
          <arg name="status" type="a{sv}"/>
        </signal>
        <signal name="KeyChanged">
          <arg name="contact" type="a{sv}"/>
        </signal>
      </interface>
    </node>
    """
}

/// A call of the control interface. Its description tells the method only: numbers, codes and texts are personal.
public enum ControlRequest: Equatable, Sendable {
  case enable(number: String)
  /// The same, in the place of another number that is enabled.
  case enableInstead(number: String)
  case confirm(code: String)
  case disable
  /// End whatever registration a number has, by proving the number.
  case deregister(number: String)
  case status
  case identity
  case lookUp(numbers: [String])
  /// Answered when the message's outcome is known.
  case send(number: String, text: String)
  /// The pinned key of a contact, and the changed one.
  case fingerprint(number: String)
  /// The contact's changed key is their own: the one of this fingerprint, in hexadecimal, as it was compared.
  case trust(number: String, fingerprint: String)
  /// The last `count` records of the decision log, newest last.
  case log(count: UInt32)

  /// The D-Bus method's name.
  public var method: String {
    switch self {
    case .enable: "Enable"
    case .enableInstead: "EnableInstead"
    case .confirm: "Confirm"
    case .disable: "Disable"
    case .deregister: "Deregister"
    case .status: "Status"
    case .identity: "Identity"
    case .lookUp: "LookUp"
    case .send: "Send"
    case .fingerprint: "Fingerprint"
    case .trust: "Trust"
    case .log: "Log"
    }
  }
}

extension ControlRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { method }
  public var debugDescription: String { method }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

extension ControlRequest {
  /// The call flattened as the shim takes it.
  var arguments: (signature: String, strings: [String], number: UInt32) {
    switch self {
    case .enable(let number), .enableInstead(let number), .deregister(let number): ("s", [number], 0)
    case .confirm(let code): ("s", [code], 0)
    case .disable, .status, .identity: ("", [], 0)
    case .lookUp(let numbers): ("as", numbers, 0)
    case .send(let number, let text): ("ss", [number, text], 0)
    case .fingerprint(let number): ("s", [number], 0)
    case .trust(let number, let fingerprint): ("ss", [number, fingerprint], 0)
    case .log(let count): ("u", [], count)
    }
  }

  /// Nil for a method that is not in the interface, which GDBus does not let through.
  init?(method: String, strings: [String], number: UInt32) {
    switch (method, strings.count) {
    case ("Enable", 1): self = .enable(number: strings[0])
    case ("EnableInstead", 1): self = .enableInstead(number: strings[0])
    case ("Confirm", 1): self = .confirm(code: strings[0])
    case ("Disable", 0): self = .disable
    case ("Deregister", 1): self = .deregister(number: strings[0])
    case ("Status", 0): self = .status
    case ("Identity", 0): self = .identity
    case ("LookUp", _): self = .lookUp(numbers: strings)
    case ("Send", 2): self = .send(number: strings[0], text: strings[1])
    case ("Fingerprint", 1): self = .fingerprint(number: strings[0])
    case ("Trust", 2): self = .trust(number: strings[0], fingerprint: strings[1])
    case ("Log", 0): self = .log(count: number)
    default: return nil
    }
  }
}

/// The answer to a ``ControlRequest``.
public enum ControlReply: Equatable, Sendable {
  /// To `enable`, `enableInstead`, `confirm`, `disable`, `deregister`, `status`, `identity`, `send`, `fingerprint` and `trust`.
  case row(BusRow)
  /// To `lookUp`: one a number, in order.
  case rows([BusRow])
  /// To `log`: JSON, one record each.
  case lines([String])
}

/// An error of the control interface: `name` is the word behind ``ControlInterface/errorPrefix``.
public struct ControlError: Error, Equatable, Sendable, CustomStringConvertible {
  public var name: String
  public var message: String

  public init(name: String, message: String) {
    self.name = name
    self.message = message
  }

  public var description: String { message }
}
