#include "CModem/monitor.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

// --- Device -----------------------------------------------------------------------------------------
// GFileMonitor asks the kernel for every write to every file of the directory, so each request to the modem would wake
// its thread. This asks for names that come and go only.

struct CmDeviceMonitor {
  char *path;
  void (*changed)(void *user_data, bool exists);
  void *user_data;
  int descriptor;
  guint source;
  int watch;      // of the deepest directory above `path` that exists, -1 for none
  char *watched;  // its path
  bool exists;
  dev_t device;
  ino_t inode;
};

static bool is_directory(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

// Watches the deepest existing directory above the path. Descends as long as a next one has appeared meanwhile.
static int watch_deepest(CmDeviceMonitor *monitor) {
  for (int tries = 0; tries < 100; tries++) {
    char *deepest = g_path_get_dirname(monitor->path);
    while (!is_directory(deepest)) {
      char *parent = g_path_get_dirname(deepest);
      bool top = g_str_equal(parent, deepest);
      g_free(deepest);
      deepest = parent;
      if (top) break;
    }
    if (monitor->watch >= 0 && g_str_equal(deepest, monitor->watched)) {
      g_free(deepest);
      return 0;
    }
    if (monitor->watch >= 0) inotify_rm_watch(monitor->descriptor, monitor->watch);
    monitor->watch = inotify_add_watch(monitor->descriptor, deepest,
                                       IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
                                           IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
    g_free(monitor->watched);
    monitor->watched = deepest;
    if (monitor->watch < 0 && errno != ENOENT && errno != ENOTDIR) return -errno;
  }
  return 0;
}

// Looks at the path; true when it is not what it was.
static bool look(CmDeviceMonitor *monitor) {
  struct stat status;
  bool exists = stat(monitor->path, &status) == 0;
  bool differs = exists != monitor->exists ||
                 (exists && (status.st_dev != monitor->device || status.st_ino != monitor->inode));
  monitor->exists = exists;
  if (exists) {
    monitor->device = status.st_dev;
    monitor->inode = status.st_ino;
  }
  return differs;
}

static gboolean notified(int descriptor, GIOCondition condition, void *user_data) {
  (void)condition;
  CmDeviceMonitor *monitor = user_data;
  _Alignas(struct inotify_event) char buffer[4096];
  for (;;) {
    ssize_t got = read(descriptor, buffer, sizeof buffer);
    if (got <= 0) break;
    for (const char *next = buffer; next < buffer + got;) {
      const struct inotify_event *event = (const struct inotify_event *)next;
      if (event->wd == monitor->watch && (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED))) {
        inotify_rm_watch(descriptor, monitor->watch);
        monitor->watch = -1;
      }
      next += sizeof *event + event->len;
    }
  }
  watch_deepest(monitor);
  if (look(monitor)) monitor->changed(monitor->user_data, monitor->exists);
  return G_SOURCE_CONTINUE;
}

CmDeviceMonitor *cm_device_monitor_new(const char *path, void (*changed)(void *user_data, bool exists),
                                       void *user_data, char **error_text) {
  int descriptor = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (descriptor < 0) {
    *error_text = g_strdup(g_strerror(errno));
    return NULL;
  }
  CmDeviceMonitor *monitor = g_new0(CmDeviceMonitor, 1);
  monitor->path = g_canonicalize_filename(path, NULL);
  monitor->changed = changed;
  monitor->user_data = user_data;
  monitor->descriptor = descriptor;
  monitor->watch = -1;
  int result = watch_deepest(monitor);
  if (result < 0) {
    *error_text = g_strdup(g_strerror(-result));
    cm_device_monitor_free(monitor);
    return NULL;
  }
  look(monitor);
  monitor->source = g_unix_fd_add(descriptor, G_IO_IN, notified, monitor);
  return monitor;
}

void cm_device_monitor_free(CmDeviceMonitor *monitor) {
  if (!monitor) return;
  if (monitor->source) g_source_remove(monitor->source);
  close(monitor->descriptor);
  g_free(monitor->path);
  g_free(monitor->watched);
  g_free(monitor);
}

bool cm_device_monitor_exists(const CmDeviceMonitor *monitor) {
  struct stat status;
  return stat(monitor->path, &status) == 0;
}

void cm_monitor_text_free(char *text) {
  g_free(text);
}

// --- Network ----------------------------------------------------------------------------------------

struct CmNetworkMonitor {
  GNetworkMonitor *monitor;  // the process's one, referenced
  void (*changed)(void *user_data, bool available, bool metered);
  void *user_data;
  gulong changed_handler;
  gulong metered_handler;
};

static void report(CmNetworkMonitor *monitor) {
  monitor->changed(monitor->user_data, cm_network_monitor_available(monitor), cm_network_monitor_metered(monitor));
}

static void network_changed(GNetworkMonitor *monitor, gboolean available, void *user_data) {
  (void)monitor, (void)available;
  report(user_data);
}

static void metered_changed(GObject *monitor, GParamSpec *property, void *user_data) {
  (void)monitor, (void)property;
  report(user_data);
}

CmNetworkMonitor *cm_network_monitor_new(void (*changed)(void *user_data, bool available, bool metered),
                                         void *user_data) {
  CmNetworkMonitor *monitor = g_new0(CmNetworkMonitor, 1);
  monitor->monitor = g_object_ref(g_network_monitor_get_default());
  monitor->changed = changed;
  monitor->user_data = user_data;
  monitor->changed_handler = g_signal_connect(monitor->monitor, "network-changed", G_CALLBACK(network_changed), monitor);
  monitor->metered_handler =
      g_signal_connect(monitor->monitor, "notify::network-metered", G_CALLBACK(metered_changed), monitor);
  return monitor;
}

void cm_network_monitor_free(CmNetworkMonitor *monitor) {
  if (!monitor) return;
  g_signal_handler_disconnect(monitor->monitor, monitor->changed_handler);
  g_signal_handler_disconnect(monitor->monitor, monitor->metered_handler);
  g_object_unref(monitor->monitor);
  g_free(monitor);
}

bool cm_network_monitor_available(const CmNetworkMonitor *monitor) {
  return g_network_monitor_get_network_available(monitor->monitor);
}

bool cm_network_monitor_metered(const CmNetworkMonitor *monitor) {
  return g_network_monitor_get_network_metered(monitor->monitor);
}
