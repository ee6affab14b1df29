internal import Crypto
internal import FoundationEssentials
public import Telephony

/// Which SIM and device a registration is for, so that it is not used with another: a salted hash that
/// stays in the state directory (design, section 7).
public enum DeviceBinding {
  /// Octets of the random salt.
  public static let saltOctetCount = 32

  /// HMAC-SHA256 under `salt`, 32 octets. What can't be read counts as such: an identity that was complete
  /// when it was bound does not match one that is not.
  public static func compute(iccid: ICCID?, imsi: IMSI?, imei: IMEI?, salt: [UInt8]) -> [UInt8] {
    let text = "shunt/1 binding|\(iccid?.digits ?? "-")|\(imsi?.digits ?? "-")|\(imei?.digits ?? "-")"
    let code = HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: salt))
    return [UInt8](code)
  }
}
