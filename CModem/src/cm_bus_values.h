// Between the service, the client and the conversions of the bus part.
#ifndef CM_BUS_VALUES_H
#define CM_BUS_VALUES_H

#include <gio/gio.h>

#include "CModem/bus.h"

// The D-Bus address of "system" or "session", or a copy of `bus`. NULL with `error` set. Free with g_free.
char *cm_bus_address(const char *bus, GError **error);

// Floating a{sv} of the first row (empty when there is none), and floating aa{sv} of all.
GVariant *cm_bus_rows_first(const CmBusRows *rows);
GVariant *cm_bus_rows_all(const CmBusRows *rows);

// Wraps the body of a message, a tuple; NULL gives an empty reply.
CmBusReply *cm_bus_reply_new(GVariant *body);

#endif
