#include "cm_bus_values.h"

char *cm_bus_address(const char *bus, GError **error) {
  if (g_str_equal(bus, "system")) return g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, NULL, error);
  if (g_str_equal(bus, "session")) return g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SESSION, NULL, error);
  return g_strdup(bus);
}

// --- Rows -------------------------------------------------------------------------------------------

struct CmBusRows {
  GPtrArray *rows;  // of GPtrArray of GVariant {sv}
};

CmBusRows *cm_bus_rows_new(void) {
  CmBusRows *rows = g_new0(CmBusRows, 1);
  rows->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
  return rows;
}

void cm_bus_rows_free(CmBusRows *rows) {
  if (!rows) return;
  g_ptr_array_unref(rows->rows);
  g_free(rows);
}

void cm_bus_rows_begin(CmBusRows *rows) {
  g_ptr_array_add(rows->rows, g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref));
}

static void add(CmBusRows *rows, const char *key, GVariant *value) {
  GVariant *entry = g_variant_new_dict_entry(g_variant_new_string(key), g_variant_new_variant(value));
  g_variant_ref_sink(entry);
  if (rows->rows->len == 0)
    g_variant_unref(entry);
  else
    g_ptr_array_add(rows->rows->pdata[rows->rows->len - 1], entry);
}

void cm_bus_rows_string(CmBusRows *rows, const char *key, const char *value) {
  add(rows, key, g_variant_new_string(value));
}

void cm_bus_rows_bool(CmBusRows *rows, const char *key, bool value) {
  add(rows, key, g_variant_new_boolean(value));
}

void cm_bus_rows_integer(CmBusRows *rows, const char *key, int64_t value) {
  add(rows, key, g_variant_new_int64(value));
}

void cm_bus_rows_double(CmBusRows *rows, const char *key, double value) {
  add(rows, key, g_variant_new_double(value));
}

void cm_bus_rows_strings(CmBusRows *rows, const char *key, const char *const *values, size_t count) {
  add(rows, key, g_variant_new_strv(values, (gssize)count));
}

static GVariant *row_variant(const GPtrArray *row) {
  return g_variant_new_array(G_VARIANT_TYPE("{sv}"), row ? (GVariant **)row->pdata : NULL, row ? row->len : 0);
}

GVariant *cm_bus_rows_first(const CmBusRows *rows) {
  return row_variant(rows->rows->len ? rows->rows->pdata[0] : NULL);
}

GVariant *cm_bus_rows_all(const CmBusRows *rows) {
  GVariantBuilder builder;
  g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
  for (guint i = 0; i < rows->rows->len; i++) g_variant_builder_add_value(&builder, row_variant(rows->rows->pdata[i]));
  return g_variant_builder_end(&builder);
}

// --- Replies ----------------------------------------------------------------------------------------

struct CmBusReply {
  GVariant *value;  // a{sv}, aa{sv} or as; NULL for anything else
};

CmBusReply *cm_bus_reply_new(GVariant *body) {
  CmBusReply *reply = g_new0(CmBusReply, 1);
  if (body && g_variant_is_of_type(body, G_VARIANT_TYPE_TUPLE) && g_variant_n_children(body) == 1) {
    GVariant *value = g_variant_get_child_value(body, 0);
    if (g_variant_is_of_type(value, G_VARIANT_TYPE("a{sv}")) || g_variant_is_of_type(value, G_VARIANT_TYPE("aa{sv}")) ||
        g_variant_is_of_type(value, G_VARIANT_TYPE("as")))
      reply->value = value;
    else
      g_variant_unref(value);
  }
  return reply;
}

void cm_bus_reply_free(CmBusReply *reply) {
  if (!reply) return;
  if (reply->value) g_variant_unref(reply->value);
  g_free(reply);
}

bool cm_bus_reply_is_single(const CmBusReply *reply) {
  return reply->value && g_variant_is_of_type(reply->value, G_VARIANT_TYPE("a{sv}"));
}

bool cm_bus_reply_is_lines(const CmBusReply *reply) {
  return reply->value && g_variant_is_of_type(reply->value, G_VARIANT_TYPE("as"));
}

size_t cm_bus_reply_count(const CmBusReply *reply) {
  if (!reply->value) return 0;
  return cm_bus_reply_is_single(reply) ? 1 : g_variant_n_children(reply->value);
}

typedef void (*Visitor)(void *user_data, const char *key, const CmBusValue *value);

static void visit_value(const char *key, GVariant *variant, Visitor visit, void *user_data) {
  CmBusValue value = {0};
  const gchar **strings = NULL;
  gsize count = 0;
  if (g_variant_is_of_type(variant, G_VARIANT_TYPE_STRING)) {
    value.type = CM_BUS_STRING;
    value.string = g_variant_get_string(variant, NULL);
  } else if (g_variant_is_of_type(variant, G_VARIANT_TYPE_BOOLEAN)) {
    value.type = CM_BUS_BOOL;
    value.boolean = g_variant_get_boolean(variant);
  } else if (g_variant_is_of_type(variant, G_VARIANT_TYPE_INT64)) {
    value.type = CM_BUS_INTEGER;
    value.integer = g_variant_get_int64(variant);
  } else if (g_variant_is_of_type(variant, G_VARIANT_TYPE_DOUBLE)) {
    value.type = CM_BUS_DOUBLE;
    value.number = g_variant_get_double(variant);
  } else if (g_variant_is_of_type(variant, G_VARIANT_TYPE_STRING_ARRAY)) {
    strings = g_variant_get_strv(variant, &count);
    value.type = CM_BUS_STRINGS;
    value.strings = (const char *const *)strings;
    value.string_count = count;
  } else {
    return;
  }
  visit(user_data, key, &value);
  g_free(strings);
}

void cm_bus_reply_visit(const CmBusReply *reply, size_t index, Visitor visit, void *user_data) {
  if (index >= cm_bus_reply_count(reply)) return;
  GVariant *row = cm_bus_reply_is_single(reply) ? g_variant_ref(reply->value)
                                                : g_variant_get_child_value(reply->value, index);
  if (cm_bus_reply_is_lines(reply)) {
    visit_value("", row, visit, user_data);
  } else {
    GVariantIter iterator;
    const char *key;
    GVariant *value;
    g_variant_iter_init(&iterator, row);
    while (g_variant_iter_loop(&iterator, "{&sv}", &key, &value)) visit_value(key, value, visit, user_data);
  }
  g_variant_unref(row);
}
