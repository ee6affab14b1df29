#include "CModem/tls.h"

#include <errno.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cm_tls_session.h"

typedef enum {
  STATE_NEW,
  STATE_RESOLVING,
  STATE_CONNECTING,
  STATE_HANDSHAKE,
  STATE_OPEN,
  STATE_LINGERING,  // given up by its owner; sends what is left
  STATE_ENDED,
} State;

// Reads of one turn of the loop, so that a fast peer does not starve the rest.
#define READS_PER_TURN 16
#define READ_SIZE (16 * 1024)

struct CmTLS {
  unsigned references;  // the owner's, the source's and a running look-up's
  State state;
  CmTLSCallbacks callbacks;  // all NULL once given up
  void *user_data;

  char *host;
  uint16_t port;
  char *ca_file;
  char *alpn;
  uint32_t timeout_ms;
  gint64 deadline;          // of the state, in g_get_monotonic_time; 0 for none
  gint64 attempt_deadline;  // of the address being tried; 0 for none

  GCancellable *cancellable;
  GList *addresses;  // of GInetAddress: those still to be tried
  char *attempt_text;
  CmTLSReason attempt_reason;

  SSL_CTX *context;
  CmTLSSession session;
  int descriptor;
  GSource *source;
  gpointer tag;  // of `descriptor` in `source`

  GByteArray *queue;
  size_t queue_start;  // octets at its front that are sent
  bool owes_drained;
  bool write_wants_read;
  bool read_wants_write;
  bool write_failed;
  bool sent_close;
  bool again;  // come back at once: a turn left something to do
};

typedef struct {
  GSource source;
  CmTLS *tls;
} Source;

static void release(CmTLS *tls) {
  if (--tls->references > 0) return;
  g_free(tls->host);
  g_free(tls->ca_file);
  g_free(tls->alpn);
  g_free(tls->attempt_text);
  g_object_unref(tls->cancellable);
  g_byte_array_unref(tls->queue);
  g_free(tls);
}

static size_t queued(const CmTLS *tls) {
  return tls->queue->len - tls->queue_start;
}

static void drop_queue(CmTLS *tls) {
  tls->queue_start = 0;
  if (tls->queue->len > 64 * 1024) {
    g_byte_array_unref(tls->queue);
    tls->queue = g_byte_array_new();
  } else {
    g_byte_array_set_size(tls->queue, 0);
  }
}

static void drop_socket(CmTLS *tls) {
  cm_tls_session_clear(&tls->session);
  if (tls->descriptor < 0) return;
  g_source_remove_unix_fd(tls->source, tls->tag);
  close(tls->descriptor);
  tls->descriptor = -1;
  tls->attempt_deadline = 0;
}

// Gives everything back but the memory of `tls`, which the owner may still hold.
static void end(CmTLS *tls) {
  if (tls->state == STATE_ENDED) return;
  tls->state = STATE_ENDED;
  g_cancellable_cancel(tls->cancellable);
  drop_socket(tls);
  SSL_CTX_free(tls->context);
  tls->context = NULL;
  g_list_free_full(tls->addresses, g_object_unref);
  tls->addresses = NULL;
  drop_queue(tls);
  GSource *source = tls->source;
  tls->source = NULL;
  g_source_destroy(source);
  g_source_unref(source);
  release(tls);
}

// Takes `text`.
static void fail(CmTLS *tls, CmTLSReason reason, char *text) {
  end(tls);
  void (*closed)(void *, CmTLSReason, const char *) = tls->callbacks.closed;
  memset(&tls->callbacks, 0, sizeof tls->callbacks);
  if (closed) closed(tls->user_data, reason, text);
  g_free(text);
}

static void fail_session(CmTLS *tls, int error) {
  char *text = NULL;
  CmTLSReason reason =
      cm_tls_session_explain(&tls->session, error, tls->state == STATE_HANDSHAKE, tls->host, tls->alpn, &text);
  fail(tls, reason, text);
}

static void fail_by_time(CmTLS *tls) {
  double seconds = tls->timeout_ms / 1000.0;
  switch (tls->state) {
    case STATE_RESOLVING:
      fail(tls, CM_TLS_TIMEOUT, g_strdup_printf("%s not resolved within %g s", tls->host, seconds));
      break;
    case STATE_HANDSHAKE:
      fail(tls, CM_TLS_TIMEOUT, g_strdup_printf("no TLS handshake with %s port %u within %g s", tls->host,
                                                tls->port, seconds));
      break;
    default:
      fail(tls, CM_TLS_TIMEOUT, g_strdup_printf("no answer from %s port %u within %g s", tls->host, tls->port,
                                                seconds));
      break;
  }
}

// Makes the loop wait for what the state waits for.
static void wait_for_events(CmTLS *tls) {
  if (tls->state == STATE_ENDED) return;
  gint64 when = tls->deadline;
  if (tls->attempt_deadline && (!when || tls->attempt_deadline < when)) when = tls->attempt_deadline;
  g_source_set_ready_time(tls->source, tls->again ? 0 : when ? when : -1);
  if (tls->descriptor < 0) return;
  GIOCondition events = 0;
  switch (tls->state) {
    case STATE_CONNECTING:
      events = G_IO_OUT;
      break;
    case STATE_HANDSHAKE:
      events = SSL_want_write(tls->session.ssl) ? G_IO_OUT : G_IO_IN;
      break;
    case STATE_OPEN:
      events = G_IO_IN;
      if ((queued(tls) && !tls->write_wants_read && !tls->write_failed) || tls->read_wants_write) events |= G_IO_OUT;
      break;
    default:
      events = G_IO_IN;
      if (!tls->sent_close) events |= G_IO_OUT;
      break;
  }
  g_source_modify_unix_fd(tls->source, tls->tag, events);
}

// --- Established ------------------------------------------------------------------------------------

// Writes what the kernel takes. A failure is only noted: what the peer said before it hung up is read first.
static void flush(CmTLS *tls) {
  tls->write_wants_read = false;
  while (queued(tls) && !tls->write_failed) {
    ERR_clear_error();
    size_t written = 0;
    int result = SSL_write_ex(tls->session.ssl, tls->queue->data + tls->queue_start, queued(tls), &written);
    if (result > 0) {
      tls->queue_start += written;
      continue;
    }
    int error = SSL_get_error(tls->session.ssl, result);
    if (error == SSL_ERROR_WANT_WRITE) break;
    if (error == SSL_ERROR_WANT_READ) {
      tls->write_wants_read = true;
      break;
    }
    tls->write_failed = true;
  }
  if (!queued(tls) || tls->write_failed) {
    drop_queue(tls);
  } else if (tls->queue_start > 256 * 1024 && tls->queue_start > tls->queue->len / 2) {
    g_byte_array_remove_range(tls->queue, 0, (guint)tls->queue_start);
    tls->queue_start = 0;
  }
}

static void run_open(CmTLS *tls) {
  uint8_t buffer[READ_SIZE];
  tls->read_wants_write = false;
  int reads = 0;
  for (; reads < READS_PER_TURN; reads++) {
    ERR_clear_error();
    size_t got = 0;
    int result = SSL_read_ex(tls->session.ssl, buffer, sizeof buffer, &got);
    if (result <= 0) {
      int error = SSL_get_error(tls->session.ssl, result);
      if (error == SSL_ERROR_WANT_READ) break;
      if (error == SSL_ERROR_WANT_WRITE) {
        tls->read_wants_write = true;
        break;
      }
      fail_session(tls, error);
      return;
    }
    if (tls->callbacks.received) tls->callbacks.received(tls->user_data, buffer, got);
    if (tls->state != STATE_OPEN) return;
  }
  tls->again = reads == READS_PER_TURN;
  flush(tls);
  if (tls->write_failed && !tls->again) {
    fail_session(tls, SSL_ERROR_SYSCALL);
    return;
  }
  if (tls->owes_drained && !queued(tls)) {
    tls->owes_drained = false;
    if (tls->callbacks.drained) tls->callbacks.drained(tls->user_data);
    if (tls->state != STATE_OPEN) return;
  }
  wait_for_events(tls);
}

// Sends what is left, then close_notify and the end of our side, then waits for the peer's end: closing a socket that
// holds unread octets makes the kernel reset the connection, which can cost the peer what was sent last.
static void run_lingering(CmTLS *tls) {
  flush(tls);
  if (tls->write_failed) {
    end(tls);
    return;
  }
  if (!queued(tls) && !tls->sent_close) {
    ERR_clear_error();
    int result = SSL_shutdown(tls->session.ssl);
    if (result >= 0) {
      tls->sent_close = true;
      shutdown(tls->descriptor, SHUT_WR);
    } else if (SSL_get_error(tls->session.ssl, result) != SSL_ERROR_WANT_WRITE) {
      end(tls);
      return;
    }
  }
  uint8_t buffer[READ_SIZE];
  for (int reads = 0; reads < READS_PER_TURN; reads++) {
    ssize_t got = recv(tls->descriptor, buffer, sizeof buffer, 0);
    if (got > 0) continue;
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
    end(tls);
    return;
  }
  wait_for_events(tls);
}

// --- Becoming established ---------------------------------------------------------------------------

static void run_handshake(CmTLS *tls) {
  ERR_clear_error();
  int result = SSL_do_handshake(tls->session.ssl);
  if (result <= 0) {
    int error = SSL_get_error(tls->session.ssl, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
      wait_for_events(tls);
    else
      fail_session(tls, error);
    return;
  }
  uint8_t hash[32];
  if (!cm_tls_session_speaks(&tls->session, tls->alpn)) {
    fail(tls, CM_TLS_PROTOCOL, g_strdup_printf("%s does not speak %s: it chose no application protocol", tls->host,
                                               tls->alpn));
    return;
  }
  if (!cm_tls_session_peer_key_hash(&tls->session, hash)) {
    fail(tls, CM_TLS_CERTIFICATE, g_strdup_printf("%s showed no certificate", tls->host));
    return;
  }
  tls->state = STATE_OPEN;
  tls->deadline = 0;
  if (tls->callbacks.ready) tls->callbacks.ready(tls->user_data, hash);
  if (tls->state == STATE_OPEN) run_open(tls);
}

static void note_attempt(CmTLS *tls, CmTLSReason reason, char *text) {
  g_free(tls->attempt_text);
  tls->attempt_text = text;
  tls->attempt_reason = reason;
}

static void start_handshake(CmTLS *tls) {
  char *text = NULL;
  g_list_free_full(tls->addresses, g_object_unref);
  tls->addresses = NULL;
  tls->attempt_deadline = 0;
  if (!cm_tls_session_init(&tls->session, tls->context, tls->descriptor, tls->host, &text)) {
    fail(tls, CM_TLS_CONFIGURATION, text);
    return;
  }
  tls->state = STATE_HANDSHAKE;
  run_handshake(tls);
}

// Begins to connect to the next address. False when that failed at once; `attempt_text` then says why.
static bool start_attempt(CmTLS *tls, GInetAddress *address) {
  struct sockaddr_storage storage;
  GSocketAddress *socket_address = g_inet_socket_address_new(address, tls->port);
  gssize size = g_socket_address_get_native_size(socket_address);
  bool fits = g_socket_address_to_native(socket_address, &storage, sizeof storage, NULL);
  g_object_unref(socket_address);
  int descriptor = fits ? socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP) : -1;
  int result = -1;
  if (descriptor >= 0) {
    int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    result = connect(descriptor, (struct sockaddr *)&storage, (socklen_t)size);
  }
  if (result < 0 && !(descriptor >= 0 && errno == EINPROGRESS)) {
    note_attempt(tls, CM_TLS_CONNECT,
                 g_strdup_printf("can't connect to %s port %u: %s", tls->host, tls->port, g_strerror(errno)));
    if (descriptor >= 0) close(descriptor);
    return false;
  }
  tls->descriptor = descriptor;
  tls->tag = g_source_add_unix_fd(tls->source, descriptor, G_IO_OUT);
  return true;
}

static void next_attempt(CmTLS *tls) {
  tls->state = STATE_CONNECTING;
  drop_socket(tls);
  while (tls->addresses) {
    guint left = g_list_length(tls->addresses);
    GInetAddress *address = tls->addresses->data;
    tls->addresses = g_list_delete_link(tls->addresses, tls->addresses);
    bool started = start_attempt(tls, address);
    g_object_unref(address);
    if (!started) continue;
    // An address that swallows packets must leave time for the others.
    gint64 now = g_get_monotonic_time();
    tls->attempt_deadline = left > 1 ? now + MAX(tls->deadline - now, 0) / left : 0;
    wait_for_events(tls);
    return;
  }
  char *text = tls->attempt_text;
  tls->attempt_text = NULL;
  fail(tls, tls->attempt_reason, text ? text : g_strdup_printf("%s has no address", tls->host));
}

static void run_connecting(CmTLS *tls) {
  int error = 0;
  socklen_t size = sizeof error;
  struct sockaddr_storage peer;
  socklen_t peer_size = sizeof peer;
  if (getsockopt(tls->descriptor, SOL_SOCKET, SO_ERROR, &error, &size) < 0) error = errno;
  if (error == 0 && getpeername(tls->descriptor, (struct sockaddr *)&peer, &peer_size) < 0) {
    if (errno == ENOTCONN) {
      wait_for_events(tls);
      return;
    }
    error = errno;
  }
  if (error == 0) {
    start_handshake(tls);
    return;
  }
  note_attempt(tls, CM_TLS_CONNECT,
               g_strdup_printf("can't connect to %s port %u: %s", tls->host, tls->port, g_strerror(error)));
  next_attempt(tls);
}

static void resolved(GObject *resolver, GAsyncResult *result, void *user_data) {
  CmTLS *tls = user_data;
  GError *error = NULL;
  GList *addresses = g_resolver_lookup_by_name_finish(G_RESOLVER(resolver), result, &error);
  if (tls->state != STATE_RESOLVING) {
    g_resolver_free_addresses(addresses);
  } else if (!addresses) {
    fail(tls, CM_TLS_NAME, g_strdup_printf("%s can't be resolved: %s", tls->host,
                                           error ? error->message : "no address"));
  } else {
    tls->addresses = addresses;
    next_attempt(tls);
  }
  g_clear_error(&error);
  release(tls);
}

static void begin(CmTLS *tls) {
  char *text = NULL;
  tls->deadline = g_get_monotonic_time() + (gint64)tls->timeout_ms * 1000;
  tls->context = cm_tls_context_new(tls->ca_file, tls->alpn, &text);
  if (!tls->context) {
    fail(tls, CM_TLS_CONFIGURATION, text);
    return;
  }
  GInetAddress *address = g_inet_address_new_from_string(tls->host);
  if (address) {
    tls->addresses = g_list_prepend(NULL, address);
    next_attempt(tls);
    return;
  }
  tls->state = STATE_RESOLVING;
  GResolver *resolver = g_resolver_get_default();
  tls->references++;
  g_resolver_lookup_by_name_async(resolver, tls->host, tls->cancellable, resolved, tls);
  g_object_unref(resolver);
  wait_for_events(tls);
}

// --- Loop -------------------------------------------------------------------------------------------

static gboolean dispatch(GSource *source, GSourceFunc callback, void *user_data) {
  (void)callback;
  (void)user_data;
  CmTLS *tls = ((Source *)source)->tls;
  gint64 now = g_get_monotonic_time();
  tls->references++;
  tls->again = false;
  if (tls->deadline && now >= tls->deadline) {
    if (tls->state == STATE_LINGERING)
      end(tls);
    else
      fail_by_time(tls);
  } else if (tls->attempt_deadline && now >= tls->attempt_deadline) {
    note_attempt(tls, CM_TLS_TIMEOUT, g_strdup_printf("no answer from %s port %u", tls->host, tls->port));
    next_attempt(tls);
  } else {
    switch (tls->state) {
      case STATE_NEW:
        begin(tls);
        break;
      case STATE_CONNECTING:
        run_connecting(tls);
        break;
      case STATE_HANDSHAKE:
        run_handshake(tls);
        break;
      case STATE_OPEN:
        run_open(tls);
        break;
      case STATE_LINGERING:
        run_lingering(tls);
        break;
      case STATE_RESOLVING:
      case STATE_ENDED:
        wait_for_events(tls);
        break;
    }
  }
  release(tls);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_functions = {.dispatch = dispatch};

// The name that resolving, SNI and certificates use: without brackets, and without the final dot of the DNS root.
static char *plain_host(const char *host) {
  size_t count = strlen(host);
  if (count > 2 && host[0] == '[' && host[count - 1] == ']') return g_strndup(host + 1, count - 2);
  if (count > 1 && host[count - 1] == '.') count--;
  return g_strndup(host, count);
}

CmTLS *cm_tls_connect(const char *host, uint16_t port, const char *ca_file, const char *alpn, uint32_t timeout_ms,
                      const CmTLSCallbacks *callbacks, void *user_data) {
  CmTLS *tls = g_new0(CmTLS, 1);
  tls->references = 2;
  tls->callbacks = *callbacks;
  tls->user_data = user_data;
  tls->host = plain_host(host);
  tls->port = port;
  tls->ca_file = g_strdup(ca_file);
  tls->alpn = g_strdup(alpn);
  tls->timeout_ms = timeout_ms;
  tls->cancellable = g_cancellable_new();
  tls->session.descriptor = tls->descriptor = -1;
  tls->queue = g_byte_array_new();
  tls->attempt_reason = CM_TLS_NAME;
  tls->source = g_source_new(&source_functions, sizeof(Source));
  ((Source *)tls->source)->tls = tls;
  g_source_set_static_name(tls->source, "cm_tls");
  g_source_set_ready_time(tls->source, 0);
  g_source_attach(tls->source, NULL);
  return tls;
}

size_t cm_tls_send(CmTLS *tls, const uint8_t *octets, size_t count) {
  if (tls->state == STATE_ENDED || tls->write_failed || count > G_MAXUINT - tls->queue->len) return queued(tls);
  g_byte_array_append(tls->queue, octets, (guint)count);
  if (tls->state == STATE_OPEN) {
    flush(tls);
    // A failed write is reported from the loop, after what the peer said last.
    if (tls->write_failed) tls->again = true;
    wait_for_events(tls);
  }
  if (queued(tls)) tls->owes_drained = true;
  return queued(tls);
}

size_t cm_tls_backlog(const CmTLS *tls) {
  return queued(tls);
}

void cm_tls_close(CmTLS *tls, uint32_t linger_ms) {
  if (!tls) return;
  memset(&tls->callbacks, 0, sizeof tls->callbacks);
  if (tls->state == STATE_OPEN) {
    tls->state = STATE_LINGERING;
    tls->deadline = g_get_monotonic_time() + (gint64)linger_ms * 1000;
    run_lingering(tls);
    if (linger_ms == 0) end(tls);
  } else {
    end(tls);
  }
  release(tls);
}
