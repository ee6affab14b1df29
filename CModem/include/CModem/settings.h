// Settings in GKeyFile form, with the line number of what is wrong. Any thread; no shared state.
#ifndef CM_SETTINGS_H
#define CM_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cm_settings cm_settings;

// What is wrong and where. `line` counts from 1, 0 when unknown. `message` is owned by the struct.
typedef struct {
  uint32_t line;
  char *message;
} cm_settings_error;

void cm_settings_error_clear(cm_settings_error *error);

// Parses `count` octets of text. NULL and `error` filled when it is not a key file, not UTF-8, or gives a
// key twice. Owned by the caller.
cm_settings *cm_settings_parse(const char *text, size_t count, cm_settings_error *error);
void cm_settings_free(cm_settings *settings);

// Names in file order, NULL-terminated; free with cm_settings_names_free. NULL for a group that is not there.
char **cm_settings_groups(const cm_settings *settings);
char **cm_settings_keys(const cm_settings *settings, const char *group);
void cm_settings_names_free(char **names);

// The line a key (or, with a NULL key, a group header) is on, from 1; 0 when it is not there.
uint32_t cm_settings_line(const cm_settings *settings, const char *group, const char *key);

// Value of a key with GKeyFile's escapes resolved; NULL when it is not there or, with `error` filled, when
// it can't be read. Free with cm_settings_string_free.
char *cm_settings_string(const cm_settings *settings, const char *group, const char *key,
                         cm_settings_error *error);
void cm_settings_string_free(char *string);
// A list separated by ';', NULL-terminated; free with cm_settings_names_free.
char **cm_settings_strings(const cm_settings *settings, const char *group, const char *key,
                           cm_settings_error *error);

#ifdef __cplusplus
}
#endif

#endif
