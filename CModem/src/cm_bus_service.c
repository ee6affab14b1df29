#include <string.h>

#include "cm_bus_values.h"

#define DBUS_NAME "org.freedesktop.DBus"
#define DBUS_PATH "/org/freedesktop/DBus"

// RequestName's flags and answers (D-Bus specification, "Message Bus Messages").
#define FLAG_DO_NOT_QUEUE 4u
#define ANSWER_PRIMARY_OWNER 1u
#define ANSWER_ALREADY_OWNER 4u

struct CmBusService {
  unsigned references;  // the owner's, the registered object's, and one for each call under way
  CmBusServiceCallbacks callbacks;
  void *user_data;
  bool ended;
  char *name;
  char *path;
  GDBusNodeInfo *node;
  GCancellable *cancellable;
  GDBusConnection *connection;
  gulong closed_handler;
  guint name_lost;
};

static void release(CmBusService *service) {
  if (--service->references > 0) return;
  g_free(service->name);
  g_free(service->path);
  g_dbus_node_info_unref(service->node);
  g_object_unref(service->cancellable);
  g_free(service);
}

// Closes a connection after what was said on it has gone out.
static void flushed(GObject *connection, GAsyncResult *result, void *user_data) {
  (void)user_data;
  if (g_dbus_connection_flush_finish(G_DBUS_CONNECTION(connection), result, NULL))
    g_dbus_connection_close(G_DBUS_CONNECTION(connection), NULL, NULL, NULL);
}

static void end(CmBusService *service) {
  if (service->ended) return;
  service->ended = true;
  g_cancellable_cancel(service->cancellable);
  GDBusConnection *connection = service->connection;
  if (!connection) return;
  service->connection = NULL;
  g_signal_handler_disconnect(connection, service->closed_handler);
  if (service->name_lost) g_dbus_connection_signal_unsubscribe(connection, service->name_lost);
  // The object stays until the connection is gone, or a call that comes now would be told that there is no such object;
  // unanswered it is told that the service left.
  if (!g_dbus_connection_is_closed(connection)) g_dbus_connection_flush(connection, NULL, flushed, NULL);
  g_object_unref(connection);
}

// Takes `text`. The caller holds a reference.
static void lose(CmBusService *service, CmBusLoss loss, char *text) {
  if (!service->ended) {
    end(service);
    service->callbacks.lost(service->user_data, loss, text);
  }
  g_free(text);
}

static char *error_text(GError *error) {
  g_dbus_error_strip_remote_error(error);
  return g_strdup(error->message);
}

static void connection_closed(GDBusConnection *connection, gboolean vanished, GError *error, void *user_data) {
  (void)connection;
  (void)vanished;
  CmBusService *service = user_data;
  service->references++;
  lose(service, CM_BUS_CONNECTION_LOST,
       g_strdup_printf("the message bus is gone%s%s", error ? ": " : "", error ? error->message : ""));
  release(service);
}

static void name_lost(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                      const char *signal, GVariant *parameters, void *user_data) {
  (void)connection, (void)sender, (void)path, (void)interface, (void)signal, (void)parameters;
  CmBusService *service = user_data;
  service->references++;
  lose(service, CM_BUS_NAME_TAKEN, g_strdup_printf("the name %s was taken over by another process", service->name));
  release(service);
}

static void method_called(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                          const char *method, GVariant *parameters, GDBusMethodInvocation *invocation,
                          void *user_data) {
  (void)connection, (void)sender, (void)path, (void)interface;
  CmBusService *service = user_data;
  if (service->ended) {
    g_object_unref(invocation);
    return;
  }
  GPtrArray *strings = g_ptr_array_new();
  guint32 number = 0;
  GVariantIter iterator;
  GVariant *argument;
  GPtrArray *held = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
  g_variant_iter_init(&iterator, parameters);
  while ((argument = g_variant_iter_next_value(&iterator))) {
    g_ptr_array_add(held, argument);
    if (g_variant_is_of_type(argument, G_VARIANT_TYPE_STRING)) {
      g_ptr_array_add(strings, (gpointer)g_variant_get_string(argument, NULL));
    } else if (g_variant_is_of_type(argument, G_VARIANT_TYPE_STRING_ARRAY)) {
      gsize count = 0;
      const gchar **values = g_variant_get_strv(argument, &count);
      for (gsize i = 0; i < count; i++) g_ptr_array_add(strings, (gpointer)values[i]);
      g_free(values);
    } else if (g_variant_is_of_type(argument, G_VARIANT_TYPE_UINT32)) {
      number = g_variant_get_uint32(argument);
    }
  }
  service->references++;
  service->callbacks.called(service->user_data, (CmBusCall *)invocation, method, (const char *const *)strings->pdata,
                            strings->len, number);
  release(service);
  g_ptr_array_unref(strings);
  g_ptr_array_unref(held);
}

static void object_gone(void *user_data) {
  release(user_data);
}

static const GDBusInterfaceVTable interface_functions = {.method_call = method_called};

static void owner_found(GObject *connection, GAsyncResult *result, void *user_data) {
  CmBusService *service = user_data;
  GVariant *reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(connection), result, NULL);
  char *text;
  if (reply) {
    guint32 pid = 0;
    g_variant_get(reply, "(u)", &pid);
    text = g_strdup_printf("the name %s is owned by process %u already", service->name, pid);
    g_variant_unref(reply);
  } else {
    text = g_strdup_printf("the name %s is owned by another process already", service->name);
  }
  lose(service, CM_BUS_NAME_TAKEN, text);
  release(service);
}

static void name_requested(GObject *connection, GAsyncResult *result, void *user_data) {
  CmBusService *service = user_data;
  GError *error = NULL;
  GVariant *reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(connection), result, &error);
  guint32 answer = 0;
  if (reply) {
    g_variant_get(reply, "(u)", &answer);
    g_variant_unref(reply);
  }
  if (service->ended) {
    // Freed meanwhile.
  } else if (!reply) {
    bool denied = g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED);
    char *text = error_text(error);
    lose(service, denied ? CM_BUS_NAME_DENIED : CM_BUS_CONNECTION_LOST,
         g_strdup_printf("the message bus does not give the name %s: %s", service->name, text));
    g_free(text);
  } else if (answer == ANSWER_PRIMARY_OWNER || answer == ANSWER_ALREADY_OWNER) {
    service->callbacks.ready(service->user_data);
  } else {
    service->references++;
    g_dbus_connection_call(service->connection, DBUS_NAME, DBUS_PATH, DBUS_NAME, "GetConnectionUnixProcessID",
                           g_variant_new("(s)", service->name), G_VARIANT_TYPE("(u)"), G_DBUS_CALL_FLAGS_NONE, -1,
                           service->cancellable, owner_found, service);
  }
  g_clear_error(&error);
  release(service);
}

static void connected(GObject *source, GAsyncResult *result, void *user_data) {
  (void)source;
  CmBusService *service = user_data;
  GError *error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_finish(result, &error);
  if (service->ended) {
    g_clear_object(&connection);
  } else if (!connection) {
    lose(service, CM_BUS_CONNECTION_LOST, g_strdup_printf("the message bus can't be reached: %s", error->message));
  } else {
    service->connection = connection;
    g_dbus_connection_set_exit_on_close(connection, FALSE);
    service->closed_handler = g_signal_connect(connection, "closed", G_CALLBACK(connection_closed), service);
    service->references++;
    g_dbus_connection_register_object(connection, service->path, service->node->interfaces[0], &interface_functions,
                                      service, object_gone, NULL);
    service->name_lost = g_dbus_connection_signal_subscribe(connection, DBUS_NAME, DBUS_NAME, "NameLost", DBUS_PATH,
                                                            service->name, G_DBUS_SIGNAL_FLAGS_NONE, name_lost,
                                                            service, NULL);
    service->references++;
    g_dbus_connection_call(connection, DBUS_NAME, DBUS_PATH, DBUS_NAME, "RequestName",
                           g_variant_new("(su)", service->name, FLAG_DO_NOT_QUEUE), G_VARIANT_TYPE("(u)"),
                           G_DBUS_CALL_FLAGS_NONE, -1, service->cancellable, name_requested, service);
  }
  g_clear_error(&error);
  release(service);
}

typedef struct {
  CmBusService *service;
  char *text;
} Failure;

static gboolean failed_at_start(void *user_data) {
  Failure *failure = user_data;
  lose(failure->service, CM_BUS_CONNECTION_LOST,
       g_strdup_printf("the message bus can't be reached: %s", failure->text));
  release(failure->service);
  g_free(failure->text);
  g_free(failure);
  return G_SOURCE_REMOVE;
}

CmBusService *cm_bus_service_start(const char *bus, const char *name, const char *path, const char *introspection_xml,
                                   const CmBusServiceCallbacks *callbacks, void *user_data) {
  GError *error = NULL;
  CmBusService *service = g_new0(CmBusService, 1);
  service->references = 2;
  service->callbacks = *callbacks;
  service->user_data = user_data;
  service->name = g_strdup(name);
  service->path = g_strdup(path);
  service->cancellable = g_cancellable_new();
  service->node = g_dbus_node_info_new_for_xml(introspection_xml, &error);
  if (!service->node) g_error("introspection data: %s", error->message);
  char *address = cm_bus_address(bus, &error);
  if (address) {
    g_dbus_connection_new_for_address(
        address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
        service->cancellable, connected, service);
  } else {
    Failure *failure = g_new0(Failure, 1);
    failure->service = service;
    failure->text = g_strdup(error->message);
    g_idle_add(failed_at_start, failure);
  }
  g_clear_error(&error);
  g_free(address);
  return service;
}

void cm_bus_service_free(CmBusService *service) {
  if (!service) return;
  end(service);
  release(service);
}

static void emit(CmBusService *service, const char *signal, GVariant *payload) {
  GVariant *body = g_variant_ref_sink(g_variant_new_tuple(&payload, 1));
  if (service && service->connection)
    g_dbus_connection_emit_signal(service->connection, NULL, service->path, service->node->interfaces[0]->name, signal,
                                  body, NULL);
  g_variant_unref(body);
}

void cm_bus_service_emit_string(CmBusService *service, const char *signal, const char *value) {
  emit(service, signal, g_variant_new_string(value));
}

void cm_bus_service_emit_row(CmBusService *service, const char *signal, const CmBusRows *rows) {
  emit(service, signal, cm_bus_rows_first(rows));
}

// A call is GDBus's invocation by another name. Answering it takes its reference.
static void reply(CmBusCall *call, GVariant *value) {
  g_dbus_method_invocation_return_value((GDBusMethodInvocation *)call, g_variant_new_tuple(&value, 1));
}

void cm_bus_call_reply_row(CmBusCall *call, const CmBusRows *rows) {
  reply(call, cm_bus_rows_first(rows));
}

void cm_bus_call_reply_rows(CmBusCall *call, const CmBusRows *rows) {
  reply(call, cm_bus_rows_all(rows));
}

void cm_bus_call_reply_lines(CmBusCall *call, const char *const *lines, size_t count) {
  reply(call, g_variant_new_strv(lines, (gssize)count));
}

void cm_bus_call_fail(CmBusCall *call, const char *error_name, const char *message) {
  g_dbus_method_invocation_return_dbus_error((GDBusMethodInvocation *)call, error_name, message);
}
