#include "CModem/number.h"

#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>
#include <phonenumbers/shortnumberinfo.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;
using i18n::phonenumbers::ShortNumberInfo;

// Without a plus nothing shorter than this is a subscriber's number that another country could reach: it is for the
// home operator to understand.
constexpr size_t kLongestShortNumber = 6;

// Emergency numbers whatever the SIM and network say (3GPP TS 22.101 §10.1.1, those of no USIM included).
constexpr const char *kAlwaysEmergency[] = {"112", "911", "000", "08", "110", "118", "119", "999"};

const ShortNumberInfo &short_numbers() {
  static const ShortNumberInfo info;
  return info;
}

// What is left of `dialled` when the marks are gone that people put between digits. False when a character remains that
// can't be dialled.
bool dialled_digits(const char *dialled, std::string *digits, bool *has_service_marks) {
  for (const char *c = dialled; *c; c++) {
    if ((*c >= '0' && *c <= '9') || (*c == '+' && digits->empty())) {
      *digits += *c;
    } else if (*c == '*' || *c == '#') {
      *has_service_marks = true;
    } else if (!strchr(" -().\t", *c)) {
      return false;
    }
  }
  return true;
}

bool is_emergency(const std::string &digits, const char *region) {
  return region && short_numbers().IsEmergencyNumber(digits, region);
}

CmNumberKind classify(const char *dialled, const char *home, const char *serving, char e164[CM_NUMBER_SIZE]) {
  std::string digits;
  bool has_service_marks = false;
  if (!dialled_digits(dialled, &digits, &has_service_marks)) return CM_NUMBER_UNROUTABLE;
  if (has_service_marks) return CM_NUMBER_SHORT;
  if (digits.empty() || digits == "+") return CM_NUMBER_UNROUTABLE;

  if (std::any_of(std::begin(kAlwaysEmergency), std::end(kAlwaysEmergency),
                  [&](const char *number) { return digits == number; }) ||
      is_emergency(digits, home) || is_emergency(digits, serving)) {
    return CM_NUMBER_EMERGENCY;
  }
  bool is_national = digits[0] != '+';
  if (is_national && digits.size() <= kLongestShortNumber) return CM_NUMBER_SHORT;

  const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  if (util.Parse(digits, home ? home : "ZZ", &number) != PhoneNumberUtil::NO_PARSING_ERROR)
    return CM_NUMBER_UNROUTABLE;
  // Longer short numbers count only by their pattern: by length alone they would swallow the subscriber numbers of
  // countries that have seven or eight digits.
  if (is_national && home && short_numbers().IsValidShortNumberForRegion(number, home) && !util.IsValidNumber(number))
    return CM_NUMBER_SHORT;
  if (util.IsPossibleNumberWithReason(number) != PhoneNumberUtil::IS_POSSIBLE) return CM_NUMBER_UNROUTABLE;

  std::string text;
  util.Format(number, PhoneNumberUtil::E164, &text);
  if (text.size() >= CM_NUMBER_SIZE) return CM_NUMBER_UNROUTABLE;
  memcpy(e164, text.c_str(), text.size() + 1);
  return CM_NUMBER_INTERNATIONAL;
}

}  // namespace

extern "C" CmNumberKind cm_number_classify(const char *dialled, const char *home, const char *serving,
                                           char e164[CM_NUMBER_SIZE]) {
  return classify(dialled, home, serving, e164);
}
