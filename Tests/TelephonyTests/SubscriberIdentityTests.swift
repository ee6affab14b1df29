import Testing
@testable import Telephony

@Suite struct SubscriberIdentityTests {
  @Test func imsiFileHasParityAndSwappedDigits() throws {
    // Fifteen digits: identity type 1, odd; the first digit stands in the high half of the same octet.
    let imsi = try IMSI(digits: "262019876543210")
    #expect(imsi.elementaryFile == hex("08 29 26 10 89 67 45 23 01"))
    #expect(try IMSI(elementaryFile: hex("08 29 26 10 89 67 45 23 01")) == imsi)
    #expect(imsi.mobileCountryCode == "262")
    #expect(imsi.homeNetwork(mncDigitCount: 2) == (try HomeNetwork(mcc: "262", mnc: "01")))
    #expect(imsi.homeNetwork(mncDigitCount: 3) == (try HomeNetwork(mcc: "262", mnc: "019")))
    for count in [-1, 0, 1, 4, 13] { #expect(imsi.homeNetwork(mncDigitCount: count) == nil) }
    let even = try IMSI(digits: "40445123456789")
    #expect(even.elementaryFile == hex("08 41 40 54 21 43 65 87 F9"))
    #expect(try IMSI(elementaryFile: even.elementaryFile) == even)
    let short = try IMSI(digits: "001011")
    #expect(short.elementaryFile == hex("04 01 10 10 F1 FF FF FF FF"))
    #expect(try IMSI(elementaryFile: short.elementaryFile) == short)
  }

  @Test(arguments: ["", "00", "FFFFFFFFFFFFFFFFFF", "0829", "09 29 26", "08 A9 26 10 89 67 45 23 01"])
  func imsiFileOfNonsenseIsRefused(_ octets: String) {
    #expect(throws: SubscriberIdentityError.self) { try IMSI(elementaryFile: hex(octets)) }
  }

  @Test func iccidFileHasSwappedDigits() throws {
    let iccid = try ICCID(digits: "8991101200003204510")
    #expect(iccid.elementaryFile == hex("98 19 01 21 00 00 23 40 15 F0"))
    #expect(try ICCID(elementaryFile: iccid.elementaryFile) == iccid)
    #expect(try ICCID(digits: "898600a1234567890123").digits == "898600A1234567890123")
    #expect(throws: SubscriberIdentityError.digitCount(0)) { try ICCID(elementaryFile: hex("FFFFFFFF")) }
    #expect(throws: SubscriberIdentityError.notADigit) { try ICCID(digits: "89G1101200003204510") }
  }

  @Test func imeiKnowsItsCheckDigit() throws {
    #expect(try IMEI(digits: "490154203237518").hasValidCheckDigit)
    #expect(try !IMEI(digits: "490154203237517").hasValidCheckDigit)
    #expect(try !IMEI(digits: "49015420323751").hasValidCheckDigit)
    #expect(throws: SubscriberIdentityError.digitCount(13)) { try IMEI(digits: "4901542032375") }
  }

  @Test func networksNameTheirCountry() throws {
    #expect(try HomeNetwork(mcc: "404", mnc: "45").region == "IN")
    #expect(try HomeNetwork(mcc: "310", mnc: "260").region == "US")
    #expect(try HomeNetwork(mcc: "001", mnc: "01").region == nil)
    #expect(throws: SubscriberIdentityError.digitCount(2)) { try HomeNetwork(mcc: "40", mnc: "45") }
    #expect(throws: SubscriberIdentityError.digitCount(1)) { try HomeNetwork(mcc: "404", mnc: "4") }
    #expect(throws: SubscriberIdentityError.notADigit) { try HomeNetwork(mcc: "40a", mnc: "45") }
  }

  @Test(arguments: [
    ("262", "DE"), ("234", "GB"), ("235", "GB"), ("208", "FR"), ("302", "CA"), ("334", "MX"), ("405", "IN"), ("410", "PK"), ("440", "JP"),
    ("460", "CN"), ("505", "AU"), ("655", "ZA"), ("724", "BR"), ("221", "XK"), ("425", "IL"), ("423", "PS"), ("901", nil), ("999", nil),
    ("", nil), ("26", nil), ("2620", nil), ("٢٦٢", nil), ("+62", nil),
  ] as [(String, String?)])
  func countryCodesFollowTheITU(_ mcc: String, _ region: String?) {
    #expect(MobileCountryCode.region(of: mcc) == region)
  }

  @Test func everyRegionIsTwoCapitals() {
    let regions = (0...999).compactMap { MobileCountryCode.region(of: String(String(1000 + $0).dropFirst())) }
    #expect(regions.count > 230)
    #expect(regions.allSatisfy { $0.utf8.count == 2 && $0.utf8.allSatisfy { (0x41...0x5A).contains($0) } })
  }
}
