// A D-Bus service with one object and one interface, and the client for it, on GDBus.
//
// One thread: everything is called, and calls back, on the thread that runs the default GMainContext.
// GDBus keeps a worker thread of its own that never runs our code. Arguments and replies are flattened
// so that no GVariant crosses this header: arguments are strings, string arrays and unsigned numbers;
// replies are rows (a{sv} or aa{sv}) of string, boolean, int64, double and string array, or lines (as).
#ifndef CM_BUS_H
#define CM_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// --- Rows -------------------------------------------------------------------------------------------

// Dictionaries under construction, owned by the caller until cm_bus_rows_free. Strings are copied and
// must be valid UTF-8 (Swift's are).
typedef struct cm_bus_rows cm_bus_rows;

cm_bus_rows *cm_bus_rows_new(void);
void cm_bus_rows_free(cm_bus_rows *rows);
// Starts a row; the setters below add to the row started last and do nothing before the first.
void cm_bus_rows_begin(cm_bus_rows *rows);
void cm_bus_rows_string(cm_bus_rows *rows, const char *key, const char *value);
void cm_bus_rows_bool(cm_bus_rows *rows, const char *key, bool value);
void cm_bus_rows_integer(cm_bus_rows *rows, const char *key, int64_t value);
void cm_bus_rows_double(cm_bus_rows *rows, const char *key, double value);
void cm_bus_rows_strings(cm_bus_rows *rows, const char *key, const char *const *values, size_t count);

typedef enum {
  CM_BUS_STRING,
  CM_BUS_BOOL,
  CM_BUS_INTEGER,
  CM_BUS_DOUBLE,
  CM_BUS_STRINGS,
} cm_bus_type;

// One value of one row, as seen by a visitor; which member counts is told by `type`. Pointers are valid
// during the visit only.
typedef struct {
  cm_bus_type type;
  const char *string;
  bool boolean;
  int64_t integer;
  double number;
  const char *const *strings;
  size_t string_count;
} cm_bus_value;

// --- Service ----------------------------------------------------------------------------------------

typedef struct cm_bus_service cm_bus_service;
typedef struct cm_bus_call cm_bus_call;

typedef enum {
  CM_BUS_CONNECTION_LOST,  // the bus can't be reached, or went away
  CM_BUS_NAME_TAKEN,       // another process owns the name, or took it over
  CM_BUS_NAME_DENIED,      // the bus's policy does not let this process own the name
} cm_bus_loss;

typedef struct {
  // The name is owned and calls will be received.
  void (*ready)(void *user_data);
  // The service is off the bus; the handle is of no more use than to be freed. At most once.
  void (*lost)(void *user_data, cm_bus_loss loss, const char *text);
  // A method was called. `strings` are its string arguments, an array argument spread out, in order;
  // `number` its unsigned argument, or 0. Pointers are valid during the call, except `call`, which
  // belongs to the callee, who must answer it with exactly one of the functions below, now or later.
  void (*called)(void *user_data, cm_bus_call *call, const char *method, const char *const *strings,
                 size_t string_count, uint32_t number);
} cm_bus_service_callbacks;

// Connects to `bus` ("system", "session" or a D-Bus address), exports `path` with the first interface of
// `introspection_xml`, and asks for `name`; all asynchronously, every failure arrives by `lost`.
// The XML is the program's own: it must parse, or the process is aborted.
cm_bus_service *cm_bus_service_start(const char *bus, const char *name, const char *path,
                                     const char *introspection_xml,
                                     const cm_bus_service_callbacks *callbacks, void *user_data);
// Leaves the bus. Unanswered calls stay valid and must still be answered. NULL is allowed.
void cm_bus_service_free(cm_bus_service *service);

// Signals with a (s) or (a{sv}) payload (the first row of `rows`); dropped while off the bus.
void cm_bus_service_emit_string(cm_bus_service *service, const char *signal, const char *value);
void cm_bus_service_emit_row(cm_bus_service *service, const char *signal, const cm_bus_rows *rows);

// Each answers `call` and gives it up.
void cm_bus_call_reply_row(cm_bus_call *call, const cm_bus_rows *rows);    // a{sv}: the first row
void cm_bus_call_reply_rows(cm_bus_call *call, const cm_bus_rows *rows);   // aa{sv}
void cm_bus_call_reply_lines(cm_bus_call *call, const char *const *lines, size_t count);  // as
// `error_name` is a full D-Bus error name.
void cm_bus_call_fail(cm_bus_call *call, const char *error_name, const char *message);

// --- Client -----------------------------------------------------------------------------------------

typedef struct cm_bus_client cm_bus_client;
typedef struct cm_bus_reply cm_bus_reply;

typedef enum {
  CM_BUS_FAILED_BUS,          // the bus can't be reached, or the connection broke
  CM_BUS_FAILED_NOT_RUNNING,  // nobody owns the name
  CM_BUS_FAILED_DENIED,       // the bus's policy does not let us call it
  CM_BUS_FAILED_TIMEOUT,
  CM_BUS_FAILED_REMOTE,       // an error the service gave: name and message
} cm_bus_failure;

// Why a client function failed. Strings are owned by the struct; cm_bus_error_clear frees them.
typedef struct {
  cm_bus_failure failure;
  char *name;  // D-Bus error name, or NULL
  char *message;
} cm_bus_error;

void cm_bus_error_clear(cm_bus_error *error);

// Connects to `bus`, blocking. NULL and `error` filled on failure. Owned by the caller.
cm_bus_client *cm_bus_client_open(const char *bus, const char *name, const char *path,
                                  const char *interface, cm_bus_error *error);
void cm_bus_client_free(cm_bus_client *client);

// Calls a method and blocks until the answer or `timeout_ms` (INT32_MAX: no limit). `signature` is "",
// "s", "ss", "as" or "u". NULL and `error` filled on failure. Owned by the caller.
cm_bus_reply *cm_bus_client_call(cm_bus_client *client, const char *method, const char *signature,
                                 const char *const *strings, size_t string_count, uint32_t number,
                                 int32_t timeout_ms, cm_bus_error *error);
void cm_bus_reply_free(cm_bus_reply *reply);
// Number of rows in the reply (1 for a{sv}), or of lines.
size_t cm_bus_reply_count(const cm_bus_reply *reply);
bool cm_bus_reply_is_lines(const cm_bus_reply *reply);
bool cm_bus_reply_is_single(const cm_bus_reply *reply);
// Calls `visit` for each value of row `index`, or once, with an empty key, for line `index`.
// Values of types other than those above are skipped.
void cm_bus_reply_visit(const cm_bus_reply *reply, size_t index,
                        void (*visit)(void *user_data, const char *key, const cm_bus_value *value),
                        void *user_data);

typedef struct {
  // A signal with a (s) payload: `text` set, `row` NULL; with a{sv}: the reverse, `row` valid in the call.
  void (*signal)(void *user_data, const char *signal, const char *text, const cm_bus_reply *row);
  // The service appeared on the bus or left it; also called once soon after subscribing.
  void (*presence)(void *user_data, bool running);
  // The connection to the bus is gone; nothing more will come.
  void (*lost)(void *user_data);
} cm_bus_client_callbacks;

// Receives the interface's signals by the default GMainContext, until cm_bus_client_free. Once a client.
void cm_bus_client_subscribe(cm_bus_client *client, const cm_bus_client_callbacks *callbacks,
                             void *user_data);

#ifdef __cplusplus
}
#endif

#endif
