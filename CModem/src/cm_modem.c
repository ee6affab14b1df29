/* Raw QMI frames through libqmi-glib. See CModem/modem.h. */
#include "CModem/modem.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <libqmi-glib/libqmi-glib.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cm_modem_descriptor.h"
#include "cm_modem_internal.h"

/* Frames kept while the modem takes no bytes. */
#define QUEUE_LIMIT 256
/* How long opening may take; only the steps before the first byte, since no flag asks for any exchange with the modem. */
#define OPEN_SECONDS 10
/* Octets before the TLVs. */
#define CTL_HEADER_OCTETS 12
#define SERVICE_HEADER_OCTETS 13
#define TLV_HEADER_OCTETS 3
#define QMUX_MARKER 1

typedef struct Request Request;
typedef struct Opening Opening;

struct CmModem {
  unsigned references;
  bool freed;
  CmModemHandlers handlers;
  void *user_data;

  /* Set while the device is open. */
  QmiDevice *device;
  gulong indication_id, removed_id;
  /* libqmi's own descriptor of the device, or -1 when it was not found. Never closed here. */
  int descriptor;
  /* The attempt under way, or NULL. */
  Opening *opening;

  /* Counts openings, so that what belongs to an earlier one is recognised. */
  uint64_t session;
  size_t outstanding;
  /* Of Request: waiting for the device to take bytes. Empty: no source. */
  GQueue waiting;
  GSource *writable_source;
  GSource *tick_source;
};

struct Request {
  CmModem *modem;
  uint64_t session;
  uint64_t id;
  /* While waiting only. */
  GByteArray *frame;
  uint32_t timeout_seconds;
  int64_t deadline;
  /* Of a failure found before sending. */
  CmModemFailure failure;
  const char *text;
};

struct Opening {
  CmModem *modem;
  uint64_t session;
  char *path;
  QmiDevice *device;
  gulong removed_id;
  CmDescriptorSet *before;
  char *error;
};

static CmModem *reference(CmModem *modem) {
  modem->references++;
  return modem;
}

static void release(CmModem *modem) {
  if (--modem->references == 0) g_free(modem);
}

static bool is_current(const CmModem *modem, uint64_t session) {
  return !modem->freed && modem->session == session;
}

QmiDevice *cm_modem_device(const CmModem *modem) {
  return modem ? modem->device : NULL;
}

/* --- What libqmi prints ------------------------------------------------------------------------------------------ */

/* libqmi says why it hung up only as a warning. Those are kept for the reason of a removal, and printed with its debug output
 * (G_MESSAGES_DEBUG=Qmi) instead of on every unplugging. */
static bool warned_of_input;

static void libqmi_warning(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data) {
  (void)data;
  if (strstr(message, "istream")) warned_of_input = true;
  g_log_default_handler(domain, (level & ~G_LOG_LEVEL_WARNING) | G_LOG_LEVEL_DEBUG, message, NULL);
}

static void route_warnings(void) {
  static bool done;
  if (done) return;
  done = true;
  g_log_set_handler("Qmi", G_LOG_LEVEL_WARNING, libqmi_warning, NULL);
}

/* --- Requests ---------------------------------------------------------------------------------------------------- */

static Request *request_new(CmModem *modem, uint64_t id) {
  Request *request = g_slice_new0(Request);
  request->modem = reference(modem);
  request->session = modem->session;
  request->id = id;
  return request;
}

static void request_free(Request *request) {
  if (request->frame) g_byte_array_unref(request->frame);
  release(request->modem);
  g_slice_free(Request, request);
}

static CmModemFailure failure_of(const GError *error) {
  if (error->domain == QMI_CORE_ERROR) {
    switch (error->code) {
      case QMI_CORE_ERROR_TIMEOUT: return CM_MODEM_FAILURE_TIMEOUT;
      case QMI_CORE_ERROR_UNEXPECTED_MESSAGE: return CM_MODEM_FAILURE_MISMATCH;
      case QMI_CORE_ERROR_INVALID_MESSAGE: return CM_MODEM_FAILURE_MALFORMED;
      case QMI_CORE_ERROR_WRONG_STATE: return CM_MODEM_FAILURE_NOT_OPEN;
      default: return CM_MODEM_FAILURE_OTHER;
    }
  }
  if (g_error_matches(error, QMI_PROTOCOL_ERROR, QMI_PROTOCOL_ERROR_ABORTED)) return CM_MODEM_FAILURE_REPLACED;
  return CM_MODEM_FAILURE_OTHER;
}

static void answered(GObject *source, GAsyncResult *result, gpointer data) {
  Request *request = data;
  CmModem *modem = request->modem;
  GError *error = NULL;
  QmiMessage *response = qmi_device_command_full_finish(QMI_DEVICE(source), result, &error);
  if (is_current(modem, request->session)) {
    modem->outstanding--;
    if (response) {
      const GByteArray *octets = (const GByteArray *)response;
      modem->handlers.response(request->id, octets->data, octets->len, modem->user_data);
    } else {
      modem->handlers.failure(request->id, failure_of(error), error->message, modem->user_data);
    }
  }
  if (response) qmi_message_unref(response);
  g_clear_error(&error);
  request_free(request);
}

static gboolean tell_failure(gpointer data) {
  Request *request = data;
  CmModem *modem = request->modem;
  if (is_current(modem, request->session)) {
    modem->outstanding--;
    modem->handlers.failure(request->id, request->failure, request->text, modem->user_data);
  }
  return G_SOURCE_REMOVE;
}

static void destroy_request(gpointer data) {
  request_free(data);
}

/* Failures are told from the loop, in place of an answer. */
static void fail_later(Request *request, CmModemFailure failure, const char *text) {
  request->failure = failure;
  request->text = text;
  g_idle_add_full(G_PRIORITY_DEFAULT, tell_failure, request, destroy_request);
}

static void submit(Request *request, GByteArray *frame, uint32_t timeout_seconds) {
  qmi_device_command_full(request->modem->device, (QmiMessage *)frame, NULL, timeout_seconds, NULL, answered, request);
}

/* --- A device that takes no bytes -------------------------------------------------------------------------------- */

/* libqmi writes with blocking semantics: it would wait inside write for a modem that hangs, and everybody with it. So
 * while requests are unanswered the device is asked first, and frames wait here when it takes none. */
static bool takes_bytes(const CmModem *modem) {
  if (modem->descriptor < 0) return true;
  struct pollfd descriptor = {.fd = modem->descriptor, .events = POLLOUT};
  int ready;
  do {
    ready = poll(&descriptor, 1, 0);
  } while (ready < 0 && errno == EINTR);
  /* A hang-up counts as well: the write then fails at once, as it should. */
  return ready != 0;
}

static void destroy_source(GSource **source) {
  if (!*source) return;
  g_source_destroy(*source);
  g_source_unref(*source);
  *source = NULL;
}

static void stop_waiting(CmModem *modem) {
  destroy_source(&modem->writable_source);
  destroy_source(&modem->tick_source);
}

static gboolean writable(gint descriptor, GIOCondition condition, gpointer data) {
  (void)descriptor;
  (void)condition;
  CmModem *modem = data;
  while (!g_queue_is_empty(&modem->waiting) && takes_bytes(modem)) {
    Request *request = g_queue_pop_head(&modem->waiting);
    GByteArray *frame = g_steal_pointer(&request->frame);
    submit(request, frame, request->timeout_seconds);
    g_byte_array_unref(frame);
  }
  if (g_queue_is_empty(&modem->waiting)) stop_waiting(modem);
  return G_SOURCE_CONTINUE;
}

static gboolean expire_waiting(gpointer data) {
  CmModem *modem = data;
  int64_t now = g_get_monotonic_time();
  for (GList *link = modem->waiting.head; link;) {
    GList *next = link->next;
    Request *request = link->data;
    if (request->deadline <= now) {
      g_queue_delete_link(&modem->waiting, link);
      fail_later(request, CM_MODEM_FAILURE_TIMEOUT, "the modem takes no requests");
    }
    link = next;
  }
  if (g_queue_is_empty(&modem->waiting)) stop_waiting(modem);
  return G_SOURCE_CONTINUE;
}

static void wait_for_device(CmModem *modem, Request *request, GByteArray *frame, uint32_t timeout_seconds) {
  if (modem->waiting.length >= QUEUE_LIMIT) {
    fail_later(request, CM_MODEM_FAILURE_CONGESTED, "the modem takes no requests, and too many wait");
    return;
  }
  request->frame = g_byte_array_ref(frame);
  request->timeout_seconds = timeout_seconds;
  request->deadline = g_get_monotonic_time() + (int64_t)timeout_seconds * G_USEC_PER_SEC;
  g_queue_push_tail(&modem->waiting, request);
  if (modem->writable_source) return;
  modem->writable_source = g_unix_fd_source_new(modem->descriptor, G_IO_OUT);
  g_source_set_callback(modem->writable_source, G_SOURCE_FUNC(writable), modem, NULL);
  g_source_attach(modem->writable_source, NULL);
  modem->tick_source = g_timeout_source_new_seconds(1);
  g_source_set_callback(modem->tick_source, expire_waiting, modem, NULL);
  g_source_attach(modem->tick_source, NULL);
}

static unsigned little_endian(const uint8_t *octets) {
  return octets[0] | (unsigned)octets[1] << 8;
}

/* Whether `octets` are one whole request with lengths that fit, down to the last TLV. libqmi sends whatever it is given, and
 * reads the header of it before. */
static bool is_request(const uint8_t *octets, size_t count) {
  if (count < CTL_HEADER_OCTETS || octets[0] != QMUX_MARKER || little_endian(octets + 1) + 1 != count) return false;
  bool is_control = octets[4] == QMI_SERVICE_CTL;
  size_t header = is_control ? CTL_HEADER_OCTETS : SERVICE_HEADER_OCTETS;
  /* Without a client id the modem would not know whom to answer. */
  if (count < header || (!is_control && octets[5] == 0)) return false;
  size_t left = count - header;
  const uint8_t *next = octets + header;
  if (little_endian(next - 2) != left) return false;
  while (left >= TLV_HEADER_OCTETS) {
    size_t tlv = TLV_HEADER_OCTETS + little_endian(next + 1);
    if (tlv > left) return false;
    next += tlv;
    left -= tlv;
  }
  return left == 0;
}

void cm_modem_send(CmModem *modem, uint64_t request_id, const uint8_t *octets, size_t count, uint32_t timeout_seconds) {
  Request *request = request_new(modem, request_id);
  modem->outstanding++;
  if (!modem->device) {
    fail_later(request, CM_MODEM_FAILURE_NOT_OPEN, "the device is not open");
    return;
  }
  if (!is_request(octets, count)) {
    fail_later(request, CM_MODEM_FAILURE_MALFORMED, "not a QMI request");
    return;
  }
  if (timeout_seconds == 0) timeout_seconds = 1;
  GByteArray *frame = g_byte_array_sized_new((guint)count);
  g_byte_array_append(frame, octets, (guint)count);
  if (!g_queue_is_empty(&modem->waiting) || (modem->outstanding > 1 && !takes_bytes(modem))) {
    wait_for_device(modem, request, frame, timeout_seconds);
  } else {
    submit(request, frame, timeout_seconds);
  }
  g_byte_array_unref(frame);
}

size_t cm_modem_outstanding(const CmModem *modem) {
  return modem ? modem->outstanding : 0;
}

/* --- Opening and closing ----------------------------------------------------------------------------------------- */

static gboolean close_device(gpointer data) {
  QmiDevice *device = data;
  qmi_device_close_async(device, 0, NULL, NULL, NULL);
  g_object_unref(device);
  return G_SOURCE_REMOVE;
}

/* Lets go of the device and of all that belongs to this opening. */
static void end_session(CmModem *modem) {
  modem->session++;
  modem->outstanding = 0;
  stop_waiting(modem);
  Request *request;
  while ((request = g_queue_pop_head(&modem->waiting))) request_free(request);
  if (!modem->device) return;
  g_signal_handler_disconnect(modem->device, modem->indication_id);
  g_signal_handler_disconnect(modem->device, modem->removed_id);
  modem->descriptor = -1;
  /* From the loop, since libqmi goes on using the device after its signals return, and this may be inside one. */
  g_idle_add_full(G_PRIORITY_DEFAULT, close_device, g_steal_pointer(&modem->device), NULL);
}

static void indicated(QmiDevice *device, GByteArray *message, gpointer data) {
  CmModem *modem = data;
  if (device == modem->device) modem->handlers.indication(message->data, message->len, modem->user_data);
}

static void removed(QmiDevice *device, gpointer data) {
  CmModem *modem = data;
  if (device != modem->device) return;
  const char *text = warned_of_input ? "the device hung up" : "the device sent bytes that are not QMI frames";
  reference(modem);
  end_session(modem);
  modem->handlers.removed(text, modem->user_data);
  release(modem);
}

static void opening_free(Opening *opening) {
  if (opening->device) g_object_unref(opening->device);
  cm_descriptor_set_free(opening->before);
  g_free(opening->error);
  g_free(opening->path);
  release(opening->modem);
  g_free(opening);
}

static void removed_while_opening(QmiDevice *device, gpointer data) {
  (void)device;
  Opening *opening = data;
  if (!opening->error) opening->error = g_strdup_printf("cannot open %s: the device hung up", opening->path);
}

/* The end of every attempt: with a device or with an error. */
static void finish_opening(Opening *opening) {
  CmModem *modem = opening->modem;
  if (opening->device) g_signal_handler_disconnect(opening->device, opening->removed_id);
  bool current = is_current(modem, opening->session) && modem->opening == opening;
  if (!current) {
    if (opening->device) qmi_device_close_async(opening->device, 0, NULL, NULL, NULL);
    opening_free(opening);
    return;
  }
  modem->opening = NULL;
  if (opening->error) {
    if (opening->device) qmi_device_close_async(opening->device, 0, NULL, NULL, NULL);
    modem->handlers.open_failed(opening->error, modem->user_data);
    opening_free(opening);
    return;
  }
  modem->device = g_steal_pointer(&opening->device);
  modem->descriptor = cm_descriptor_set_find_new(opening->before, opening->path);
  /* libqmi opens it without: a child of this process has no business with the modem. */
  if (modem->descriptor >= 0) fcntl(modem->descriptor, F_SETFD, FD_CLOEXEC);
  warned_of_input = false;
  modem->indication_id = g_signal_connect(modem->device, "indication", G_CALLBACK(indicated), modem);
  modem->removed_id = g_signal_connect(modem->device, "device-removed", G_CALLBACK(removed), modem);
  modem->handlers.opened(modem->user_data);
  opening_free(opening);
}

static void device_opened(GObject *source, GAsyncResult *result, gpointer data) {
  Opening *opening = data;
  GError *error = NULL;
  if (!qmi_device_open_finish(QMI_DEVICE(source), result, &error)) {
    g_free(opening->error);
    opening->error = g_strdup(error->message);
    g_error_free(error);
  }
  finish_opening(opening);
}

/* GLib takes the descriptors of a source out of its poll set while it dispatches the source and puts them back, and each time
 * writes to its wake-up descriptor: for libqmi's input source six system calls an answer. It does so only for sources
 * that must not be dispatched again from inside their own callback, which cannot happen here: nobody runs the loop inside a
 * callback. libqmi attaches its input source inside qmi_device_open, between the two marks. */
static void quicken_sources(guint first_mark, guint second_mark) {
  for (guint id = first_mark + 1; id < second_mark; id++) {
    GSource *source = g_main_context_find_source_by_id(NULL, id);
    if (source) g_source_set_can_recurse(source, TRUE);
  }
}

static gboolean nothing(gpointer data) {
  (void)data;
  return G_SOURCE_REMOVE;
}

/* The number that a source attached now gets. */
static guint mark_sources(void) {
  GSource *source = g_idle_source_new();
  g_source_set_callback(source, nothing, NULL, NULL);
  guint id = g_source_attach(source, NULL);
  g_source_destroy(source);
  g_source_unref(source);
  return id;
}

static void device_made(GObject *source, GAsyncResult *result, gpointer data) {
  Opening *opening = data;
  GError *error = NULL;
  GObject *device = g_async_initable_new_finish(G_ASYNC_INITABLE(source), result, &error);
  if (!device) {
    opening->error = g_strdup_printf("cannot open %s: %s", opening->path, error->message);
    g_error_free(error);
    finish_opening(opening);
    return;
  }
  opening->device = QMI_DEVICE(device);
  opening->removed_id =
      g_signal_connect(opening->device, "device-removed", G_CALLBACK(removed_while_opening), opening);
  opening->before = cm_descriptor_set_of_open();
  guint first_mark = mark_sources();
  qmi_device_open(opening->device, QMI_DEVICE_OPEN_FLAGS_NONE, OPEN_SECONDS, NULL, device_opened, opening);
  quicken_sources(first_mark, mark_sources());
}

static gboolean start_opening(gpointer data) {
  Opening *opening = data;
  struct stat status;
  if (!is_current(opening->modem, opening->session)) {
    finish_opening(opening);
  } else if (stat(opening->path, &status) < 0) {
    opening->error = g_strdup_printf("cannot open %s: %s", opening->path, g_strerror(errno));
    finish_opening(opening);
  } else if (!S_ISCHR(status.st_mode)) {
    opening->error = g_strdup_printf("cannot open %s: not a character device", opening->path);
    finish_opening(opening);
  } else {
    GFile *file = g_file_new_for_path(opening->path);
    g_async_initable_new_async(QMI_TYPE_DEVICE, G_PRIORITY_DEFAULT, NULL, device_made, opening, QMI_DEVICE_FILE, file,
                               QMI_DEVICE_NO_FILE_CHECK, TRUE, NULL);
    g_object_unref(file);
  }
  return G_SOURCE_REMOVE;
}

CmModem *cm_modem_new(const CmModemHandlers *handlers, void *user_data) {
  route_warnings();
  CmModem *modem = g_new0(CmModem, 1);
  modem->references = 1;
  modem->handlers = *handlers;
  modem->user_data = user_data;
  modem->descriptor = -1;
  g_queue_init(&modem->waiting);
  return modem;
}

void cm_modem_open(CmModem *modem, const char *path) {
  cm_modem_close(modem);
  Opening *opening = g_new0(Opening, 1);
  opening->modem = reference(modem);
  opening->session = modem->session;
  opening->path = g_strdup(path);
  modem->opening = opening;
  g_idle_add_full(G_PRIORITY_DEFAULT, start_opening, opening, NULL);
}

bool cm_modem_is_open(const CmModem *modem) {
  return modem && modem->device;
}

void cm_modem_close(CmModem *modem) {
  if (!modem) return;
  modem->opening = NULL;
  end_session(modem);
}

void cm_modem_free(CmModem *modem) {
  if (!modem || modem->freed) return;
  modem->freed = true;
  modem->opening = NULL;
  end_session(modem);
  release(modem);
}
