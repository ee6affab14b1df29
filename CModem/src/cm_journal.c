#include "CModem/journal.h"

#include <glib.h>
#include <unistd.h>

static const char *level_text(CmJournalLevel level) {
  switch (level) {
    case CM_JOURNAL_ERROR:
      return "error: ";
    case CM_JOURNAL_WARNING:
      return "warning: ";
    case CM_JOURNAL_DEBUG:
      return "debug: ";
    default:
      return "";
  }
}

static GLogLevelFlags glib_level(CmJournalLevel level) {
  switch (level) {
    case CM_JOURNAL_ERROR:
      return G_LOG_LEVEL_CRITICAL;
    case CM_JOURNAL_WARNING:
      return G_LOG_LEVEL_WARNING;
    case CM_JOURNAL_NOTICE:
      return G_LOG_LEVEL_MESSAGE;
    case CM_JOURNAL_INFO:
      return G_LOG_LEVEL_INFO;
    default:
      return G_LOG_LEVEL_DEBUG;
  }
}

// One line a record: text from outside must not be able to forge another.
static void write_line(CmJournalLevel level, const char *identifier, const char *message) {
  GString *line = g_string_new(NULL);
  g_string_append_printf(line, "%s: %s", identifier, level_text(level));
  for (const char *c = message; *c; c++) g_string_append_c(line, (guchar)*c < 0x20 || *c == 0x7f ? ' ' : *c);
  g_string_append_c(line, '\n');
  ssize_t ignored = write(STDERR_FILENO, line->str, line->len);
  (void)ignored;
  g_string_free(line, TRUE);
}

void cm_journal_write(CmJournalLevel level, const char *identifier, const char *message, const char *const *keys,
                      const char *const *values, size_t count) {
  if (!g_log_writer_is_journald(STDERR_FILENO)) {
    write_line(level, identifier, message);
    return;
  }
  char priority[2] = {(char)('0' + level), 0};
  GLogField *fields = g_new0(GLogField, count + 3);
  fields[0] = (GLogField){"MESSAGE", message, -1};
  fields[1] = (GLogField){"PRIORITY", priority, -1};
  fields[2] = (GLogField){"SYSLOG_IDENTIFIER", identifier, -1};
  for (size_t i = 0; i < count; i++) fields[i + 3] = (GLogField){keys[i], values[i], -1};
  if (g_log_writer_journald(glib_level(level), fields, count + 3, NULL) != G_LOG_WRITER_HANDLED)
    write_line(level, identifier, message);
  g_free(fields);
}
