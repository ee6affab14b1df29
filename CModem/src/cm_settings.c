#include "CModem/settings.h"

#include <glib.h>
#include <string.h>

struct CmSettings {
  GKeyFile *file;
  GHashTable *lines;  // "group\nkey", or "group\n" for a header, to the line's number
};

void cm_settings_error_clear(CmSettingsError *error) {
  g_free(error->message);
  error->message = NULL;
  error->line = 0;
}

// Takes `message`.
static void set_error(CmSettingsError *error, uint32_t line, char *message) {
  error->line = line;
  error->message = message;
}

static char *joined(const char *group, const char *key) {
  return g_strconcat(group, "\n", key, NULL);
}

// Cuts text in lines without spaces at either end: GKeyFile would keep those at the end as part of the value. False with
// `error` set when a line is not text.
static bool split(const char *text, size_t count, GPtrArray *lines, CmSettingsError *error) {
  const char *rest = text;
  const char *end = text + count;
  while (rest < end) {
    const char *stop = memchr(rest, '\n', (size_t)(end - rest));
    size_t size = (size_t)((stop ? stop : end) - rest);
    char *line = g_strndup(rest, size);
    g_ptr_array_add(lines, line);
    if (memchr(rest, 0, size) || !g_utf8_validate(line, -1, NULL)) {
      set_error(error, lines->len, g_strdup("is not UTF-8 text"));
      return false;
    }
    g_strstrip(line);
    rest += size + (stop ? 1 : 0);
  }
  return true;
}

static GKeyFile *parse(const GPtrArray *lines, guint count, GError **error) {
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < count; i++) {
    g_string_append(text, lines->pdata[i]);
    g_string_append_c(text, '\n');
  }
  GKeyFile *file = g_key_file_new();
  bool parsed = g_key_file_load_from_data(file, text->str, text->len, G_KEY_FILE_NONE, error);
  g_string_free(text, TRUE);
  if (parsed) return file;
  g_key_file_unref(file);
  return NULL;
}

// GKeyFile says what is wrong but not where: the shortest beginning of the file that does not parse ends with the line
// at fault. The caller knows that all of it does not parse.
static uint32_t failing_line(const GPtrArray *lines) {
  guint good = 0;
  guint bad = lines->len;
  while (bad - good > 1) {
    guint middle = good + (bad - good) / 2;
    GKeyFile *file = parse(lines, middle, NULL);
    if (file) {
      g_key_file_unref(file);
      good = middle;
    } else {
      bad = middle;
    }
  }
  return bad;
}

// Notes where each group and key is. False with `error` set for a key that is given twice: GKeyFile would silently take
// the later one. The lines are known to parse.
static bool index_lines(CmSettings *settings, const GPtrArray *lines, CmSettingsError *error) {
  char *group = NULL;
  bool unique = true;
  for (guint i = 0; i < lines->len && unique; i++) {
    const char *line = lines->pdata[i];
    const char *equals = strchr(line, '=');
    if (line[0] == 0 || line[0] == '#') continue;
    if (line[0] == '[') {
      g_free(group);
      group = g_strndup(line + 1, strlen(line) - 2);
      char *name = joined(group, "");
      if (g_hash_table_contains(settings->lines, name))
        g_free(name);
      else
        g_hash_table_insert(settings->lines, name, GUINT_TO_POINTER(i + 1));
    } else if (group && equals) {
      char *key = g_strchomp(g_strndup(line, (gsize)(equals - line)));
      char *name = joined(group, key);
      guint first = GPOINTER_TO_UINT(g_hash_table_lookup(settings->lines, name));
      if (first) {
        set_error(error, i + 1, g_strdup_printf("[%s] %s: given twice, first on line %u", group, key, first));
        g_free(name);
        unique = false;
      } else {
        g_hash_table_insert(settings->lines, name, GUINT_TO_POINTER(i + 1));
      }
      g_free(key);
    }
  }
  g_free(group);
  return unique;
}

CmSettings *cm_settings_parse(const char *text, size_t count, CmSettingsError *error) {
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  CmSettings *settings = NULL;
  if (split(text, count, lines, error)) {
    GError *failure = NULL;
    GKeyFile *file = parse(lines, lines->len, &failure);
    if (file) {
      settings = g_new0(CmSettings, 1);
      settings->file = file;
      settings->lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
      if (!index_lines(settings, lines, error)) {
        cm_settings_free(settings);
        settings = NULL;
      }
    } else {
      set_error(error, failing_line(lines), g_strdup(failure->message));
      g_error_free(failure);
    }
  }
  g_ptr_array_unref(lines);
  return settings;
}

void cm_settings_free(CmSettings *settings) {
  if (!settings) return;
  g_key_file_unref(settings->file);
  g_hash_table_unref(settings->lines);
  g_free(settings);
}

char **cm_settings_groups(const CmSettings *settings) {
  return g_key_file_get_groups(settings->file, NULL);
}

char **cm_settings_keys(const CmSettings *settings, const char *group) {
  return g_key_file_get_keys(settings->file, group, NULL, NULL);
}

void cm_settings_names_free(char **names) {
  g_strfreev(names);
}

uint32_t cm_settings_line(const CmSettings *settings, const char *group, const char *key) {
  char *name = joined(group, key ? key : "");
  uint32_t line = GPOINTER_TO_UINT(g_hash_table_lookup(settings->lines, name));
  g_free(name);
  return line;
}

// Fills `error` unless `failure` only says that the key is not there. Takes `failure`.
static void value_error(const CmSettings *settings, const char *group, const char *key, GError *failure,
                        CmSettingsError *error) {
  if (failure->code != G_KEY_FILE_ERROR_KEY_NOT_FOUND && failure->code != G_KEY_FILE_ERROR_GROUP_NOT_FOUND)
    set_error(error, cm_settings_line(settings, group, key), g_strdup(failure->message));
  g_error_free(failure);
}

char *cm_settings_string(const CmSettings *settings, const char *group, const char *key, CmSettingsError *error) {
  GError *failure = NULL;
  char *value = g_key_file_get_string(settings->file, group, key, &failure);
  if (!failure) return value;
  // For a bad escape GKeyFile gives both.
  g_free(value);
  value_error(settings, group, key, failure, error);
  return NULL;
}

void cm_settings_string_free(char *string) {
  g_free(string);
}

char **cm_settings_strings(const CmSettings *settings, const char *group, const char *key, CmSettingsError *error) {
  GError *failure = NULL;
  char **values = g_key_file_get_string_list(settings->file, group, key, NULL, &failure);
  if (!failure) return values;
  g_strfreev(values);
  value_error(settings, group, key, failure, error);
  return NULL;
}
