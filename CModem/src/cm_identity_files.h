/* What SIM files say (3GPP TS 31.102, ETSI TS 102 221). Pure functions over octets of any content. */
#ifndef CM_IDENTITY_FILES_H
#define CM_IDENTITY_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for the longest text: '+' and twenty digits. */
#define CM_IDENTITY_DIGITS 24

/* Each writes a zero-terminated text to `digits` and returns true, or returns false and leaves it. */

/* EF_IMSI: a count octet, then digits two an octet behind a type nibble. */
bool cm_identity_imsi(const uint8_t *file, size_t count, char digits[CM_IDENTITY_DIGITS]);

/* EF_ICCID: ten octets of digits, low half first, filled with F. */
bool cm_identity_iccid(const uint8_t *file, size_t count, char digits[CM_IDENTITY_DIGITS]);

/* A record of EF_MSISDN: the name, whose length only the record's tells, then 14 octets: count, type of number, ten octets of digits. */
bool cm_identity_msisdn(const uint8_t *record, size_t count, char digits[CM_IDENTITY_DIGITS]);

/* EF_AD: 2 or 3, the digits of the network code in the IMSI; 0 when it does not tell. */
unsigned cm_identity_mnc_digits(const uint8_t *file, size_t count);

/* Three digits and two, or three when `three` or the number needs them. */
bool cm_identity_network_code(uint16_t mcc, uint16_t mnc, bool three, char digits[CM_IDENTITY_DIGITS]);

#endif
