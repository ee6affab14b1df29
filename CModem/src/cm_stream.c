/* Byte streams with a send queue. See CModem/stream.h. */
#include "CModem/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "cm_stream_address.h"

/* What one read takes at most: the longest QMUX frame. */
#define READ_OCTETS 65536
/* A send buffer that grew beyond this is given back once empty. */
#define KEPT_QUEUE_OCTETS 16384

struct CmStream {
  GSource *source;
  gpointer tag;
  int descriptor;
  /* Callbacks under way keep the block; `freed` says that nobody else does. */
  unsigned busy;
  bool freed;
  bool is_socket;
  bool reading;
  /* The peer has finished sending. */
  bool ended;
  bool closed;
  /* The peer takes no more. What it sent before it went is still read. */
  bool broken;
  /* What a send failed with otherwise, to be told from the loop. */
  int send_error;
  GIOCondition watched;
  CmStreamHandlers handlers;
  void *user_data;
  uint8_t *queue;
  size_t queue_head, queue_count, queue_capacity;
};

typedef struct {
  GSource base;
  CmStream *stream;
} StreamSource;

/* One for all streams: the loop reads one at a time, and the bytes are handed on before the next read. */
static uint8_t read_buffer[READ_OCTETS];

static void watch_what_matters(CmStream *stream) {
  GIOCondition wanted = 0;
  if (stream->reading && !stream->ended) wanted |= G_IO_IN;
  if (stream->queue_count) wanted |= G_IO_OUT;
  if (wanted == stream->watched) return;
  stream->watched = wanted;
  g_source_modify_unix_fd(stream->source, stream->tag, wanted);
}

static void drop_queue(CmStream *stream) {
  g_free(stream->queue);
  stream->queue = NULL;
  stream->queue_head = stream->queue_count = stream->queue_capacity = 0;
}

static void enqueue(CmStream *stream, const uint8_t *bytes, size_t count) {
  if (stream->queue_head + stream->queue_count + count > stream->queue_capacity) {
    size_t needed = stream->queue_count + count;
    if (needed > stream->queue_capacity) {
      size_t capacity = MAX(needed, stream->queue_capacity * 2);
      uint8_t *queue = g_malloc(capacity);
      if (stream->queue_count) memcpy(queue, stream->queue + stream->queue_head, stream->queue_count);
      g_free(stream->queue);
      stream->queue = queue;
      stream->queue_capacity = capacity;
    } else {
      memmove(stream->queue, stream->queue + stream->queue_head, stream->queue_count);
    }
    stream->queue_head = 0;
  }
  memcpy(stream->queue + stream->queue_head + stream->queue_count, bytes, count);
  stream->queue_count += count;
}

/* Octets the kernel took; -1 with errno on failure, 0 when it takes none now. */
static ssize_t write_some(CmStream *stream, const uint8_t *bytes, size_t count) {
  for (;;) {
    ssize_t written = stream->is_socket ? send(stream->descriptor, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT)
                                        : write(stream->descriptor, bytes, count);
    if (written >= 0) return written;
    if (errno == EINTR) continue;
    return errno == EAGAIN ? 0 : -1;
  }
}

/* Ends the stream and says so. The stream may be gone afterwards. */
static void report_closed(CmStream *stream, int errno_value) {
  stream->closed = true;
  drop_queue(stream);
  g_source_destroy(stream->source);
  /* How a peer leaves that had not read everything: no failure of this side. */
  if (errno_value == EPIPE || errno_value == ECONNRESET) errno_value = 0;
  stream->handlers.closed(errno_value, stream->user_data);
}

/* The kernel refuses to take more for the peer. Nothing is reported from here, which may be inside a send. */
static void send_failed(CmStream *stream, int errno_value) {
  drop_queue(stream);
  if ((errno_value == EPIPE || errno_value == ECONNRESET) && stream->reading && !stream->ended) {
    stream->broken = true;
    watch_what_matters(stream);
  } else {
    stream->send_error = errno_value;
    g_source_set_ready_time(stream->source, 0);
  }
}

static void read_once(CmStream *stream, GIOCondition condition) {
  ssize_t count = read(stream->descriptor, read_buffer, sizeof read_buffer);
  if (count > 0) {
    stream->handlers.bytes(read_buffer, (size_t)count, stream->user_data);
  } else if (count == 0) {
    if (condition & (G_IO_HUP | G_IO_ERR)) {
      report_closed(stream, 0);
    } else {
      stream->ended = true;
      watch_what_matters(stream);
    }
  } else if (errno == EAGAIN || errno == EINTR) {
    /* The rest of a hang-up was not bytes. */
    if (condition & (G_IO_HUP | G_IO_ERR)) report_closed(stream, 0);
  } else {
    report_closed(stream, errno);
  }
}

static void flush(CmStream *stream) {
  ssize_t written = write_some(stream, stream->queue + stream->queue_head, stream->queue_count);
  if (written < 0) {
    send_failed(stream, errno);
    return;
  }
  if (written == 0) return;
  stream->queue_head += (size_t)written;
  stream->queue_count -= (size_t)written;
  if (stream->queue_count == 0) {
    stream->queue_head = 0;
    if (stream->queue_capacity > KEPT_QUEUE_OCTETS) drop_queue(stream);
  }
  watch_what_matters(stream);
  stream->handlers.drained(stream->queue_count, stream->user_data);
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data) {
  (void)callback;
  (void)data;
  CmStream *stream = ((StreamSource *)source)->stream;
  GIOCondition condition = g_source_query_unix_fd(source, stream->tag);
  stream->busy++;
  if (stream->send_error) {
    report_closed(stream, stream->send_error);
  } else {
    if ((condition & G_IO_OUT) && stream->queue_count) flush(stream);
    if (!stream->freed && !stream->closed && (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))) {
      if (stream->reading && !stream->ended) {
        read_once(stream, condition);
      } else if (condition & (G_IO_HUP | G_IO_ERR)) {
        report_closed(stream, 0);
      }
    }
    /* A peer that closed its receiving side only, and finished sending afterwards. */
    if (!stream->freed && !stream->closed && stream->broken && stream->ended) report_closed(stream, 0);
  }
  if (--stream->busy == 0 && stream->freed) g_free(stream);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs stream_funcs = {.dispatch = dispatch};

CmStream *cm_stream_new(int descriptor, const CmStreamHandlers *handlers, void *user_data) {
  CmStream *stream = g_new0(CmStream, 1);
  int type;
  socklen_t size = sizeof type;
  stream->is_socket = getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
  stream->descriptor = descriptor;
  stream->reading = true;
  stream->handlers = *handlers;
  stream->user_data = user_data;
  fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  int flags = fcntl(descriptor, F_GETFL);
  if (!(flags & O_NONBLOCK)) fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);

  stream->source = g_source_new(&stream_funcs, sizeof(StreamSource));
  ((StreamSource *)stream->source)->stream = stream;
  stream->watched = G_IO_IN;
  stream->tag = g_source_add_unix_fd(stream->source, descriptor, stream->watched);
  /* Spares GLib two writes to its wake-up descriptor a dispatch (see cm_modem.c); no callback runs the loop. */
  g_source_set_can_recurse(stream->source, TRUE);
  /* The priority of libqmi's own sources, so that one turn of the loop serves modem and clients. */
  g_source_attach(stream->source, NULL);
  return stream;
}

CmStream *cm_stream_connect(const char *name, const CmStreamHandlers *handlers, void *user_data) {
  struct sockaddr_un address;
  socklen_t size = cm_stream_address(name, &address);
  if (size == 0) return NULL;
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return NULL;
  if (connect(descriptor, (struct sockaddr *)&address, size) < 0) {
    int saved = errno;
    close(descriptor);
    errno = saved;
    return NULL;
  }
  return cm_stream_new(descriptor, handlers, user_data);
}

size_t cm_stream_send(CmStream *stream, const void *bytes, size_t count) {
  if (!stream || stream->freed || stream->closed || stream->broken || stream->send_error) return 0;
  const uint8_t *rest = bytes;
  if (stream->queue_count == 0 && count > 0) {
    ssize_t written = write_some(stream, rest, count);
    if (written < 0) {
      send_failed(stream, errno);
      return 0;
    }
    rest += written;
    count -= (size_t)written;
  }
  if (count > 0) {
    enqueue(stream, rest, count);
    watch_what_matters(stream);
  }
  return stream->queue_count;
}

size_t cm_stream_backlog(const CmStream *stream) {
  return stream ? stream->queue_count : 0;
}

void cm_stream_set_reading(CmStream *stream, bool reading) {
  if (!stream || stream->closed || stream->reading == reading) return;
  stream->reading = reading;
  watch_what_matters(stream);
}

bool cm_stream_peer(const CmStream *stream, CmPeer *peer) {
  return stream && cm_stream_peer_of(stream->descriptor, peer);
}

void cm_stream_free(CmStream *stream) {
  if (!stream || stream->freed) return;
  stream->freed = true;
  g_source_destroy(stream->source);
  g_source_unref(stream->source);
  drop_queue(stream);
  close(stream->descriptor);
  if (stream->busy == 0) g_free(stream);
}

int cm_pseudo_terminal_open(int *slave, char **slave_path) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (master < 0) return -1;
  int other = -1;
  char path[64];
  struct termios attributes;
  int failed = grantpt(master) < 0 || unlockpt(master) < 0;
  if (!failed) {
    int number = ptsname_r(master, path, sizeof path);
    if (number != 0) errno = number;
    failed = number != 0 || (other = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)) < 0 ||
             tcgetattr(other, &attributes) < 0;
  }
  if (!failed) {
    cfmakeraw(&attributes);
    failed = tcsetattr(other, TCSANOW, &attributes) < 0;
  }
  if (failed) {
    int saved = errno;
    if (other >= 0) close(other);
    close(master);
    errno = saved;
    return -1;
  }
  *slave = other;
  *slave_path = g_strdup(path);
  return master;
}

void cm_stream_free_string(char *string) {
  g_free(string);
}
