// Settings in GKeyFile form, with the line number of what is wrong. Any thread; no shared state.
#ifndef CM_SETTINGS_H
#define CM_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct CmSettings CmSettings;

// What is wrong and where. `line` counts from 1, 0 when unknown. `message` is owned by the struct.
typedef struct {
  uint32_t line;
  char *message;
} CmSettingsError;

void cm_settings_error_clear(CmSettingsError *error);

// Parses `count` octets of text. NULL and `error` filled when it is not a key file, not UTF-8, or gives a
// key twice. Owned by the caller.
CmSettings *cm_settings_parse(const char *text, size_t count, CmSettingsError *error);
void cm_settings_free(CmSettings *settings);

// Names in file order, NULL-terminated; free with cm_settings_names_free. NULL for a group that is not there.
char **cm_settings_groups(const CmSettings *settings);
char **cm_settings_keys(const CmSettings *settings, const char *group);
void cm_settings_names_free(char **names);

// The line a key (or, with a NULL key, a group header) is on, from 1; 0 when it is not there.
uint32_t cm_settings_line(const CmSettings *settings, const char *group, const char *key);

// Value of a key with GKeyFile's escapes resolved; NULL when it is not there or, with `error` filled, when
// it can't be read. Free with cm_settings_string_free.
char *cm_settings_string(const CmSettings *settings, const char *group, const char *key,
                         CmSettingsError *error);
void cm_settings_string_free(char *string);
// A list separated by ';', NULL-terminated; free with cm_settings_names_free.
char **cm_settings_strings(const CmSettings *settings, const char *group, const char *key,
                           CmSettingsError *error);

#ifdef __cplusplus
}
#endif

#endif
