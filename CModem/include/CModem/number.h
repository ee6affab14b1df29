// Dialled numbers by libphonenumber, behind a C face so that Swift needs no C++ mode.
// One thread at a time: the short-number tables are built on first use (1 to 2 ms) and kept.
#ifndef CM_NUMBER_H
#define CM_NUMBER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  CM_NUMBER_EMERGENCY,
  CM_NUMBER_SHORT,
  CM_NUMBER_INTERNATIONAL,
  CM_NUMBER_UNROUTABLE,
} CmNumberKind;

// Room for '+', 15 digits and the final zero.
#define CM_NUMBER_SIZE 17

// Classifies `dialled` for a subscriber whose home and serving countries are the ISO 3166 regions given
// (upper-case alpha-2; NULL when not known). `e164` is written only for CM_NUMBER_INTERNATIONAL.
CmNumberKind cm_number_classify(const char *dialled, const char *home, const char *serving,
                                  char e164[CM_NUMBER_SIZE]);

#ifdef __cplusplus
}
#endif

#endif
