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
typedef struct CmBusRows CmBusRows;

CmBusRows *cm_bus_rows_new(void);
void cm_bus_rows_free(CmBusRows *rows);
// Starts a row; the setters below add to the row started last and do nothing before the first.
void cm_bus_rows_begin(CmBusRows *rows);
void cm_bus_rows_string(CmBusRows *rows, const char *key, const char *value);
void cm_bus_rows_bool(CmBusRows *rows, const char *key, bool value);
void cm_bus_rows_integer(CmBusRows *rows, const char *key, int64_t value);
void cm_bus_rows_double(CmBusRows *rows, const char *key, double value);
void cm_bus_rows_strings(CmBusRows *rows, const char *key, const char *const *values, size_t count);

typedef enum {
  CM_BUS_STRING,
  CM_BUS_BOOL,
  CM_BUS_INTEGER,
  CM_BUS_DOUBLE,
  CM_BUS_STRINGS,
} CmBusType;

// One value of one row, as seen by a visitor; which member counts is told by `type`. Pointers are valid
// during the visit only.
typedef struct {
  CmBusType type;
  const char *string;
  bool boolean;
  int64_t integer;
  double number;
  const char *const *strings;
  size_t string_count;
} CmBusValue;

// --- Service ----------------------------------------------------------------------------------------

typedef struct CmBusService CmBusService;
typedef struct CmBusCall CmBusCall;

typedef enum {
  CM_BUS_CONNECTION_LOST,  // the bus can't be reached, or went away
  CM_BUS_NAME_TAKEN,       // another process owns the name, or took it over
  CM_BUS_NAME_DENIED,      // the bus's policy does not let this process own the name
} CmBusLoss;

typedef struct {
  // The name is owned and calls will be received.
  void (*ready)(void *user_data);
  // The service is off the bus; the handle is of no more use than to be freed. At most once.
  void (*lost)(void *user_data, CmBusLoss loss, const char *text);
  // A method was called. `strings` are its string arguments, an array argument spread out, in order;
  // `number` its unsigned argument, or 0. Pointers are valid during the call, except `call`, which
  // belongs to the callee, who must answer it with exactly one of the functions below, now or later.
  void (*called)(void *user_data, CmBusCall *call, const char *method, const char *const *strings,
                 size_t string_count, uint32_t number);
} CmBusServiceCallbacks;

// Connects to `bus` ("system", "session" or a D-Bus address), exports `path` with the first interface of
// `introspection_xml`, and asks for `name`; all asynchronously, every failure arrives by `lost`.
// The XML is the program's own: it must parse, or the process is aborted.
CmBusService *cm_bus_service_start(const char *bus, const char *name, const char *path,
                                     const char *introspection_xml,
                                     const CmBusServiceCallbacks *callbacks, void *user_data);
// Leaves the bus. Unanswered calls stay valid and must still be answered. NULL is allowed.
void cm_bus_service_free(CmBusService *service);

// Signals with a (s) or (a{sv}) payload (the first row of `rows`); dropped while off the bus.
void cm_bus_service_emit_string(CmBusService *service, const char *signal, const char *value);
void cm_bus_service_emit_row(CmBusService *service, const char *signal, const CmBusRows *rows);

// Each answers `call` and gives it up.
void cm_bus_call_reply_row(CmBusCall *call, const CmBusRows *rows);    // a{sv}: the first row
void cm_bus_call_reply_rows(CmBusCall *call, const CmBusRows *rows);   // aa{sv}
void cm_bus_call_reply_lines(CmBusCall *call, const char *const *lines, size_t count);  // as
// `error_name` is a full D-Bus error name.
void cm_bus_call_fail(CmBusCall *call, const char *error_name, const char *message);

// --- Client -----------------------------------------------------------------------------------------

typedef struct CmBusClient CmBusClient;
typedef struct CmBusReply CmBusReply;

typedef enum {
  CM_BUS_FAILED_BUS,          // the bus can't be reached, or the connection broke
  CM_BUS_FAILED_NOT_RUNNING,  // nobody owns the name
  CM_BUS_FAILED_DENIED,       // the bus's policy does not let us call it
  CM_BUS_FAILED_TIMEOUT,
  CM_BUS_FAILED_REMOTE,       // an error the service gave: name and message
} CmBusFailure;

// Why a client function failed. Strings are owned by the struct; cm_bus_error_clear frees them.
typedef struct {
  CmBusFailure failure;
  char *name;  // D-Bus error name, or NULL
  char *message;
} CmBusError;

void cm_bus_error_clear(CmBusError *error);

// Connects to `bus`, blocking. NULL and `error` filled on failure. Owned by the caller.
CmBusClient *cm_bus_client_open(const char *bus, const char *name, const char *path,
                                  const char *interface, CmBusError *error);
void cm_bus_client_free(CmBusClient *client);

// Calls a method and blocks until the answer or `timeout_ms` (INT32_MAX: no limit). `signature` is "",
// "s", "ss", "as" or "u". NULL and `error` filled on failure. Owned by the caller.
CmBusReply *cm_bus_client_call(CmBusClient *client, const char *method, const char *signature,
                                 const char *const *strings, size_t string_count, uint32_t number,
                                 int32_t timeout_ms, CmBusError *error);
void cm_bus_reply_free(CmBusReply *reply);
// Number of rows in the reply (1 for a{sv}), or of lines.
size_t cm_bus_reply_count(const CmBusReply *reply);
bool cm_bus_reply_is_lines(const CmBusReply *reply);
bool cm_bus_reply_is_single(const CmBusReply *reply);
// Calls `visit` for each value of row `index`, or once, with an empty key, for line `index`.
// Values of types other than those above are skipped.
void cm_bus_reply_visit(const CmBusReply *reply, size_t index,
                        void (*visit)(void *user_data, const char *key, const CmBusValue *value),
                        void *user_data);

typedef struct {
  // A signal with a (s) payload: `text` set, `row` NULL; with a{sv}: the reverse, `row` valid in the call.
  void (*signal)(void *user_data, const char *signal, const char *text, const CmBusReply *row);
  // The service appeared on the bus or left it; also called once soon after subscribing.
  void (*presence)(void *user_data, bool running);
  // The connection to the bus is gone; nothing more will come.
  void (*lost)(void *user_data);
} CmBusClientCallbacks;

// Receives the interface's signals by the default GMainContext, until cm_bus_client_free. Once a client.
void cm_bus_client_subscribe(CmBusClient *client, const CmBusClientCallbacks *callbacks,
                             void *user_data);

#ifdef __cplusplus
}
#endif

#endif
