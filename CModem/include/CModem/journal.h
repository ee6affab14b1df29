// Log records with fields, to the journal when systemd reads our standard error, else to standard error as
// plain lines. Any thread.
#ifndef CM_JOURNAL_H
#define CM_JOURNAL_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// syslog's levels, as in journal field PRIORITY.
typedef enum {
  CM_JOURNAL_ERROR = 3,
  CM_JOURNAL_WARNING = 4,
  CM_JOURNAL_NOTICE = 5,
  CM_JOURNAL_INFO = 6,
  CM_JOURNAL_DEBUG = 7,
} CmJournalLevel;

// Writes one record. `keys` are upper-case journal field names; `identifier` is the program's name.
void cm_journal_write(CmJournalLevel level, const char *identifier, const char *message,
                      const char *const *keys, const char *const *values, size_t count);

#ifdef __cplusplus
}
#endif

#endif
