#include "CModem/sleep.h"

#include <gio/gunixfdlist.h>
#include <unistd.h>

#include "cm_bus_values.h"

#define LOGIND_NAME "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define LOGIND_INTERFACE "org.freedesktop.login1.Manager"

struct CmSleepMonitor {
  unsigned references;  // the owner's, and one for each call under way
  CmSleepMonitorCallbacks callbacks;
  void *user_data;
  bool ended;
  GCancellable *cancellable;
  GDBusConnection *connection;
  gulong closed_handler;
  guint watch;
  guint signals;
  int lock;         // the inhibitor, -1 for none
  bool asked;       // for one, unanswered
  bool is_waiting;  // for the end of a sleep: a lock would not be for the one under way
};

static void release(CmSleepMonitor *monitor) {
  if (--monitor->references > 0) return;
  g_object_unref(monitor->cancellable);
  g_free(monitor);
}

static void let_go(CmSleepMonitor *monitor) {
  if (monitor->lock >= 0) close(monitor->lock);
  monitor->lock = -1;
}

static void end(CmSleepMonitor *monitor) {
  if (monitor->ended) return;
  monitor->ended = true;
  g_cancellable_cancel(monitor->cancellable);
  let_go(monitor);
  GDBusConnection *connection = monitor->connection;
  if (!connection) return;
  monitor->connection = NULL;
  if (monitor->watch) g_bus_unwatch_name(monitor->watch);
  g_signal_handler_disconnect(connection, monitor->closed_handler);
  g_dbus_connection_signal_unsubscribe(connection, monitor->signals);
  if (!g_dbus_connection_is_closed(connection)) g_dbus_connection_close(connection, NULL, NULL, NULL);
  g_object_unref(connection);
}

// The caller holds a reference.
static void lose(CmSleepMonitor *monitor, const char *text) {
  if (monitor->ended) return;
  end(monitor);
  monitor->callbacks.lost(monitor->user_data, text);
}

static void inhibited(GObject *connection, GAsyncResult *result, void *user_data) {
  CmSleepMonitor *monitor = user_data;
  monitor->asked = false;
  GUnixFDList *descriptors = NULL;
  GVariant *reply =
      g_dbus_connection_call_with_unix_fd_list_finish(G_DBUS_CONNECTION(connection), &descriptors, result, NULL);
  if (reply && descriptors) {
    gint32 handle = -1;
    g_variant_get(reply, "(h)", &handle);
    int lock = g_unix_fd_list_get(descriptors, handle, NULL);
    // A sleep that began meanwhile is not held up by a lock that comes too late for its preparation.
    if (lock >= 0 && (monitor->ended || monitor->lock >= 0 || monitor->is_waiting)) {
      close(lock);
    } else if (lock >= 0) {
      monitor->lock = lock;
    }
  }
  if (reply) g_variant_unref(reply);
  g_clear_object(&descriptors);
  release(monitor);
}

static void inhibit(CmSleepMonitor *monitor) {
  if (monitor->lock >= 0 || monitor->asked || monitor->is_waiting) return;
  monitor->asked = true;
  monitor->references++;
  g_dbus_connection_call_with_unix_fd_list(
      monitor->connection, LOGIND_NAME, LOGIND_PATH, LOGIND_INTERFACE, "Inhibit",
      g_variant_new("(ssss)", "sleep", "shuntd", "Telling the relay that this device is away", "delay"),
      G_VARIANT_TYPE("(h)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, monitor->cancellable, inhibited, monitor);
}

static void appeared(GDBusConnection *connection, const char *name, const char *owner, void *user_data) {
  (void)connection, (void)name, (void)owner;
  inhibit(user_data);
}

static void vanished(GDBusConnection *connection, const char *name, void *user_data) {
  (void)connection, (void)name;
  CmSleepMonitor *monitor = user_data;
  let_go(monitor);
  // A logind that comes back has forgotten the sleep it was preparing.
  if (!monitor->is_waiting) return;
  monitor->is_waiting = false;
  monitor->callbacks.resumed(monitor->user_data);
}

static void prepare_for_sleep(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                              const char *signal, GVariant *parameters, void *user_data) {
  (void)connection, (void)sender, (void)path, (void)interface, (void)signal;
  CmSleepMonitor *monitor = user_data;
  if (!g_variant_is_of_type(parameters, G_VARIANT_TYPE("(b)"))) return;
  gboolean begins = FALSE;
  g_variant_get(parameters, "(b)", &begins);
  if (begins == monitor->is_waiting) return;
  monitor->is_waiting = begins;
  monitor->references++;
  if (begins) {
    monitor->callbacks.preparing(monitor->user_data);
  } else {
    let_go(monitor);
    inhibit(monitor);
    monitor->callbacks.resumed(monitor->user_data);
  }
  release(monitor);
}

static void connection_closed(GDBusConnection *connection, gboolean vanished, GError *error, void *user_data) {
  (void)connection, (void)vanished, (void)error;
  CmSleepMonitor *monitor = user_data;
  monitor->references++;
  lose(monitor, "the message bus is gone");
  release(monitor);
}

static void connected(GObject *source, GAsyncResult *result, void *user_data) {
  (void)source;
  CmSleepMonitor *monitor = user_data;
  GError *error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_finish(result, &error);
  if (monitor->ended) {
    g_clear_object(&connection);
  } else if (!connection) {
    lose(monitor, error->message);
  } else {
    monitor->connection = connection;
    g_dbus_connection_set_exit_on_close(connection, FALSE);
    monitor->closed_handler = g_signal_connect(connection, "closed", G_CALLBACK(connection_closed), monitor);
    monitor->signals = g_dbus_connection_signal_subscribe(connection, LOGIND_NAME, LOGIND_INTERFACE, "PrepareForSleep",
                                                          LOGIND_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
                                                          prepare_for_sleep, monitor, NULL);
    monitor->watch = g_bus_watch_name_on_connection(connection, LOGIND_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, appeared,
                                                    vanished, monitor, NULL);
  }
  g_clear_error(&error);
  release(monitor);
}

static gboolean failed_at_start(void *user_data) {
  CmSleepMonitor *monitor = user_data;
  lose(monitor, "there is no address of the message bus");
  release(monitor);
  return G_SOURCE_REMOVE;
}

CmSleepMonitor *cm_sleep_monitor_new(const char *bus, const CmSleepMonitorCallbacks *callbacks, void *user_data) {
  CmSleepMonitor *monitor = g_new0(CmSleepMonitor, 1);
  monitor->references = 2;
  monitor->callbacks = *callbacks;
  monitor->user_data = user_data;
  monitor->cancellable = g_cancellable_new();
  monitor->lock = -1;
  char *address = cm_bus_address(bus, NULL);
  if (address) {
    g_dbus_connection_new_for_address(
        address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
        monitor->cancellable, connected, monitor);
  } else {
    g_idle_add(failed_at_start, monitor);
  }
  g_free(address);
  return monitor;
}

void cm_sleep_monitor_release(CmSleepMonitor *monitor) {
  let_go(monitor);
}

bool cm_sleep_monitor_is_holding(const CmSleepMonitor *monitor) {
  return monitor->lock >= 0;
}

void cm_sleep_monitor_free(CmSleepMonitor *monitor) {
  if (!monitor) return;
  end(monitor);
  release(monitor);
}
