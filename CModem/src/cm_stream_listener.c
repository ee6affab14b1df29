/* Listening Unix sockets and those that systemd passes. See CModem/stream.h. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "CModem/stream.h"
#include "cm_stream_address.h"

/* Connections taken in one turn of the loop, so that a flood of them leaves room for others. */
#define ACCEPT_BURST 16
/* How long to wait after the process ran out of descriptors. */
#define ACCEPT_PAUSE_MICROSECONDS (100 * 1000)
/* What systemd numbers the first passed descriptor (sd_listen_fds(3)). */
#define FIRST_PASSED_DESCRIPTOR 3
/* Connections that may wait to be accepted. */
#define LISTEN_BACKLOG 64

struct CmListener {
  GSource *source;
  gpointer tag;
  int descriptor;
  unsigned busy;
  bool freed;
  CmListenerHandlers handlers;
  void *user_data;
  /* The socket file that is ours to remove. */
  char *path;
  dev_t device;
  ino_t inode;
};

typedef struct {
  GSource base;
  CmListener *listener;
} ListenerSource;

socklen_t cm_stream_address(const char *name, struct sockaddr_un *address) {
  size_t count = strlen(name);
  bool is_abstract = name[0] == '@';
  if (count == 0 || (is_abstract && count == 1)) {
    errno = EINVAL;
    return 0;
  }
  /* A path needs its terminating zero, an abstract name has one in front in place of the '@'. */
  if (count + (is_abstract ? 0 : 1) > sizeof address->sun_path) {
    errno = ENAMETOOLONG;
    return 0;
  }
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, name, count);
  if (is_abstract) address->sun_path[0] = 0;
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + count + (is_abstract ? 0 : 1));
}

bool cm_stream_peer_of(int descriptor, CmPeer *peer) {
  struct ucred credentials;
  socklen_t size = sizeof credentials;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) return false;
  *peer = (CmPeer){.pid = credentials.pid, .uid = credentials.uid, .gid = credentials.gid};
  return true;
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data) {
  (void)callback;
  (void)data;
  CmListener *listener = ((ListenerSource *)source)->listener;
  if (g_source_get_ready_time(source) >= 0) {
    g_source_set_ready_time(source, -1);
    g_source_modify_unix_fd(source, listener->tag, G_IO_IN);
  }
  listener->busy++;
  for (int i = 0; i < ACCEPT_BURST && !listener->freed; i++) {
    int descriptor = accept4(listener->descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor >= 0) {
      CmPeer peer;
      if (cm_stream_peer_of(descriptor, &peer)) {
        listener->handlers.accepted(descriptor, peer, listener->user_data);
      } else {
        close(descriptor);
      }
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno != EAGAIN) {
      /* The connection stays in the kernel's queue, so waiting for it again at once would spin. */
      int number = errno;
      g_source_modify_unix_fd(source, listener->tag, 0);
      g_source_set_ready_time(source, g_get_monotonic_time() + ACCEPT_PAUSE_MICROSECONDS);
      listener->handlers.failed(number, listener->user_data);
    }
    break;
  }
  if (--listener->busy == 0 && listener->freed) g_free(listener);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs listener_funcs = {.dispatch = dispatch};

static CmListener *attach(int descriptor, const CmListenerHandlers *handlers, void *user_data) {
  CmListener *listener = g_new0(CmListener, 1);
  listener->descriptor = descriptor;
  listener->handlers = *handlers;
  listener->user_data = user_data;
  listener->source = g_source_new(&listener_funcs, sizeof(ListenerSource));
  ((ListenerSource *)listener->source)->listener = listener;
  listener->tag = g_source_add_unix_fd(listener->source, descriptor, G_IO_IN);
  g_source_attach(listener->source, NULL);
  return listener;
}

/* Who listens at `address`. False with errno ECONNREFUSED when nobody does. */
static bool find_owner(const struct sockaddr_un *address, socklen_t size, CmPeer *owner) {
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return false;
  /* The kernel records the credentials of the one who called listen(); accepting is not needed. */
  bool found = connect(descriptor, (const struct sockaddr *)address, size) == 0 && cm_stream_peer_of(descriptor, owner);
  int saved = errno;
  close(descriptor);
  errno = saved;
  return found;
}

static bool remove_stale_socket(const char *path) {
  struct stat status;
  return lstat(path, &status) == 0 && S_ISSOCK(status.st_mode) && unlink(path) == 0;
}

CmListener *cm_listener_new(const char *name, mode_t mode, const CmListenerHandlers *handlers, void *user_data,
                            CmPeer *owner) {
  *owner = (CmPeer){0};
  struct sockaddr_un address;
  socklen_t size = cm_stream_address(name, &address);
  if (size == 0) return NULL;
  bool is_path = name[0] != '@';
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return NULL;
  /* What bind() gives the file, less the umask: never more than asked for, not even for a moment. */
  if (is_path) fchmod(descriptor, mode);

  int bound = bind(descriptor, (struct sockaddr *)&address, size);
  if (bound < 0 && errno == EADDRINUSE) {
    if (!find_owner(&address, size, owner) && errno == ECONNREFUSED && is_path && remove_stale_socket(name)) {
      bound = bind(descriptor, (struct sockaddr *)&address, size);
    } else {
      errno = EADDRINUSE;
    }
  }
  if (bound < 0 || (is_path && chmod(name, mode) < 0) || listen(descriptor, LISTEN_BACKLOG) < 0) {
    int saved = errno;
    close(descriptor);
    errno = saved;
    return NULL;
  }
  CmListener *listener = attach(descriptor, handlers, user_data);
  struct stat status;
  if (is_path && lstat(name, &status) == 0) {
    listener->path = g_strdup(name);
    listener->device = status.st_dev;
    listener->inode = status.st_ino;
  }
  return listener;
}

static int socket_option(int descriptor, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(descriptor, SOL_SOCKET, option, &value, &size) < 0 ? -1 : value;
}

CmListener *cm_listener_adopt(int descriptor, const CmListenerHandlers *handlers, void *user_data) {
  if (socket_option(descriptor, SO_DOMAIN) != AF_UNIX || socket_option(descriptor, SO_TYPE) != SOCK_STREAM ||
      socket_option(descriptor, SO_ACCEPTCONN) != 1) {
    close(descriptor);
    errno = EINVAL;
    return NULL;
  }
  fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  return attach(descriptor, handlers, user_data);
}

void cm_listener_free(CmListener *listener) {
  if (!listener || listener->freed) return;
  listener->freed = true;
  g_source_destroy(listener->source);
  g_source_unref(listener->source);
  struct stat status;
  if (listener->path && lstat(listener->path, &status) == 0 && status.st_dev == listener->device &&
      status.st_ino == listener->inode) {
    unlink(listener->path);
  }
  g_free(listener->path);
  close(listener->descriptor);
  if (listener->busy == 0) g_free(listener);
}

/* --- systemd ---------------------------------------------------------------------------------------------------- */

static int passed_count = -1;
static char **passed_names;

static int64_t number_in_environment(const char *name) {
  const char *text = getenv(name);
  gint64 number;
  return text && g_ascii_string_to_signed(text, 10, 0, G_MAXINT, &number, NULL) ? number : -1;
}

int cm_passed_descriptor_count(void) {
  if (passed_count >= 0) return passed_count;
  passed_count = 0;
  if (number_in_environment("LISTEN_PID") == getpid()) {
    int64_t count = number_in_environment("LISTEN_FDS");
    if (count > 0 && count < 1024) passed_count = (int)count;
    const char *names = getenv("LISTEN_FDNAMES");
    if (names) passed_names = g_strsplit(names, ":", -1);
  }
  unsetenv("LISTEN_PID");
  unsetenv("LISTEN_FDS");
  unsetenv("LISTEN_FDNAMES");
  for (int i = 0; i < passed_count; i++) fcntl(FIRST_PASSED_DESCRIPTOR + i, F_SETFD, FD_CLOEXEC);
  return passed_count;
}

const char *cm_passed_descriptor_name(int index) {
  if (index < 0 || index >= cm_passed_descriptor_count() || !passed_names) return "";
  return (guint)index < g_strv_length(passed_names) ? passed_names[index] : "";
}
