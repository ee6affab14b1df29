/* See cm_identity_files.h. */
#include "cm_identity_files.h"

#include <stdio.h>
#include <string.h>

/* The octets of an EF_MSISDN record behind the name. */
#define MSISDN_TAIL_OCTETS 14
#define MSISDN_DIGIT_OCTETS 10
/* Type of number in the second octet: international. */
#define TYPE_OF_NUMBER_MASK 0x70
#define TYPE_INTERNATIONAL 0x10

/* Digits of `count` octets, low half first, from half octet `first` up to the first F. -1 when one is no digit. */
static int swapped_digits(const uint8_t *octets, size_t count, size_t first, const char *alphabet, char *digits,
                          size_t room) {
  size_t used = 0;
  for (size_t i = first; i < count * 2; i++) {
    unsigned nibble = i % 2 ? octets[i / 2] >> 4 : octets[i / 2] & 0x0F;
    if (nibble == 0x0F) break;
    if (nibble >= strlen(alphabet) || used + 1 >= room) return -1;
    digits[used++] = alphabet[nibble];
  }
  digits[used] = 0;
  return (int)used;
}

bool cm_identity_imsi(const uint8_t *file, size_t count, char digits[CM_IDENTITY_DIGITS]) {
  char text[CM_IDENTITY_DIGITS];
  if (count < 2 || file[0] < 1 || file[0] > 8 || (size_t)file[0] > count - 1) return false;
  /* The first half octet is parity and type. */
  int used = swapped_digits(file + 1, file[0], 1, "0123456789", text, sizeof text);
  if (used < 6 || used > 15) return false;
  memcpy(digits, text, (size_t)used + 1);
  return true;
}

bool cm_identity_iccid(const uint8_t *file, size_t count, char digits[CM_IDENTITY_DIGITS]) {
  char text[CM_IDENTITY_DIGITS];
  /* Some issuers use the letters; F ends it. */
  int used = swapped_digits(file, count > 10 ? 10 : count, 0, "0123456789ABCDE", text, sizeof text);
  if (used < 10) return false;
  memcpy(digits, text, (size_t)used + 1);
  return true;
}

bool cm_identity_msisdn(const uint8_t *record, size_t count, char digits[CM_IDENTITY_DIGITS]) {
  if (count < MSISDN_TAIL_OCTETS) return false;
  const uint8_t *tail = record + count - MSISDN_TAIL_OCTETS;
  /* The count includes the type of number. */
  if (tail[0] < 2 || tail[0] > 1 + MSISDN_DIGIT_OCTETS) return false;
  char text[CM_IDENTITY_DIGITS];
  int used = swapped_digits(tail + 2, tail[0] - 1u, 0, "0123456789", text, sizeof text);
  if (used < 1) return false;
  bool international = (tail[1] & TYPE_OF_NUMBER_MASK) == TYPE_INTERNATIONAL;
  if (international) *digits++ = '+';
  memcpy(digits, text, (size_t)used + 1);
  return true;
}

unsigned cm_identity_mnc_digits(const uint8_t *file, size_t count) {
  if (count < 4) return 0;
  unsigned digits = file[3] & 0x0F;
  return digits == 2 || digits == 3 ? digits : 0;
}

bool cm_identity_network_code(uint16_t mcc, uint16_t mnc, bool three, char digits[CM_IDENTITY_DIGITS]) {
  if (mcc == 0 || mcc > 999 || mnc > 999) return false;
  snprintf(digits, CM_IDENTITY_DIGITS, three || mnc > 99 ? "%03u%03u" : "%03u%02u", mcc, mnc);
  return true;
}
