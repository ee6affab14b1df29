#include <string.h>

#include "cm_bus_values.h"

struct CmBusClient {
  GDBusConnection *connection;
  char *name;
  char *path;
  char *interface;
  CmBusClientCallbacks callbacks;
  void *user_data;
  gulong closed_handler;
  guint signals;
  guint watch;
};

void cm_bus_error_clear(CmBusError *error) {
  g_free(error->name);
  g_free(error->message);
  memset(error, 0, sizeof *error);
}

static CmBusFailure failure_kind(const GError *error) {
  if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)) return CM_BUS_FAILED_TIMEOUT;
  if (error->domain == G_DBUS_ERROR) {
    switch (error->code) {
      case G_DBUS_ERROR_SERVICE_UNKNOWN:
      case G_DBUS_ERROR_NAME_HAS_NO_OWNER:
      case G_DBUS_ERROR_NO_REPLY:  // what the bus says when the callee leaves it with a call unanswered
        return CM_BUS_FAILED_NOT_RUNNING;
      case G_DBUS_ERROR_ACCESS_DENIED:
      case G_DBUS_ERROR_AUTH_FAILED:
        return CM_BUS_FAILED_DENIED;
      case G_DBUS_ERROR_TIMEOUT:
      case G_DBUS_ERROR_TIMED_OUT:
        return CM_BUS_FAILED_TIMEOUT;
      default:
        break;
    }
  }
  return g_dbus_error_is_remote_error(error) ? CM_BUS_FAILED_REMOTE : CM_BUS_FAILED_BUS;
}

// Takes `source`.
static void fill_error(CmBusError *error, GError *source) {
  error->failure = failure_kind(source);
  error->name = g_dbus_error_get_remote_error(source);
  g_dbus_error_strip_remote_error(source);
  error->message = g_strdup(source->message);
  g_error_free(source);
}

CmBusClient *cm_bus_client_open(const char *bus, const char *name, const char *path, const char *interface,
                                CmBusError *error) {
  GError *failure = NULL;
  char *address = cm_bus_address(bus, &failure);
  GDBusConnection *connection = NULL;
  if (address)
    connection = g_dbus_connection_new_for_address_sync(
        address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
        NULL, &failure);
  g_free(address);
  if (!connection) {
    fill_error(error, failure);
    error->failure = CM_BUS_FAILED_BUS;
    return NULL;
  }
  g_dbus_connection_set_exit_on_close(connection, FALSE);
  CmBusClient *client = g_new0(CmBusClient, 1);
  client->connection = connection;
  client->name = g_strdup(name);
  client->path = g_strdup(path);
  client->interface = g_strdup(interface);
  return client;
}

void cm_bus_client_free(CmBusClient *client) {
  if (!client) return;
  if (client->watch) g_bus_unwatch_name(client->watch);
  if (client->signals) g_dbus_connection_signal_unsubscribe(client->connection, client->signals);
  if (client->closed_handler) g_signal_handler_disconnect(client->connection, client->closed_handler);
  if (!g_dbus_connection_is_closed(client->connection))
    g_dbus_connection_close(client->connection, NULL, NULL, NULL);
  g_object_unref(client->connection);
  g_free(client->name);
  g_free(client->path);
  g_free(client->interface);
  g_free(client);
}

static GVariant *arguments(const char *signature, const char *const *strings, size_t count, uint32_t number) {
  if (g_str_equal(signature, "u")) return g_variant_new("(u)", number);
  if (g_str_equal(signature, "as")) {
    GVariant *list = g_variant_new_strv(strings, (gssize)count);
    return g_variant_new_tuple(&list, 1);
  }
  GVariantBuilder builder;
  g_variant_builder_init(&builder, G_VARIANT_TYPE_TUPLE);
  for (size_t i = 0; i < count; i++) g_variant_builder_add(&builder, "s", strings[i]);
  return g_variant_builder_end(&builder);
}

CmBusReply *cm_bus_client_call(CmBusClient *client, const char *method, const char *signature,
                               const char *const *strings, size_t string_count, uint32_t number, int32_t timeout_ms,
                               CmBusError *error) {
  GError *failure = NULL;
  GVariant *body = g_dbus_connection_call_sync(client->connection, client->name, client->path, client->interface,
                                               method, arguments(signature, strings, string_count, number), NULL,
                                               G_DBUS_CALL_FLAGS_NO_AUTO_START, timeout_ms, NULL, &failure);
  if (!body) {
    fill_error(error, failure);
    return NULL;
  }
  CmBusReply *reply = cm_bus_reply_new(body);
  g_variant_unref(body);
  return reply;
}

static void signalled(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                      const char *signal, GVariant *parameters, void *user_data) {
  (void)connection, (void)sender, (void)path, (void)interface;
  CmBusClient *client = user_data;
  if (g_variant_is_of_type(parameters, G_VARIANT_TYPE("(s)"))) {
    const char *text;
    g_variant_get(parameters, "(&s)", &text);
    client->callbacks.signal(client->user_data, signal, text, NULL);
  } else if (g_variant_is_of_type(parameters, G_VARIANT_TYPE("(a{sv})"))) {
    CmBusReply *row = cm_bus_reply_new(parameters);
    client->callbacks.signal(client->user_data, signal, NULL, row);
    cm_bus_reply_free(row);
  }
}

static void appeared(GDBusConnection *connection, const char *name, const char *owner, void *user_data) {
  (void)connection, (void)name, (void)owner;
  CmBusClient *client = user_data;
  client->callbacks.presence(client->user_data, true);
}

static void vanished(GDBusConnection *connection, const char *name, void *user_data) {
  (void)name;
  CmBusClient *client = user_data;
  // Without a connection it is the bus that is gone, which connection_closed tells.
  if (connection) client->callbacks.presence(client->user_data, false);
}

static void connection_closed(GDBusConnection *connection, gboolean remote, GError *error, void *user_data) {
  (void)connection, (void)remote, (void)error;
  CmBusClient *client = user_data;
  client->callbacks.lost(client->user_data);
}

void cm_bus_client_subscribe(CmBusClient *client, const CmBusClientCallbacks *callbacks, void *user_data) {
  client->callbacks = *callbacks;
  client->user_data = user_data;
  client->closed_handler = g_signal_connect(client->connection, "closed", G_CALLBACK(connection_closed), client);
  client->signals =
      g_dbus_connection_signal_subscribe(client->connection, client->name, client->interface, NULL, client->path, NULL,
                                         G_DBUS_SIGNAL_FLAGS_NONE, signalled, client, NULL);
  client->watch = g_bus_watch_name_on_connection(client->connection, client->name, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                 appeared, vanished, client, NULL);
}
