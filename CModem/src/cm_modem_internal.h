/* What cm_identity.c needs of a modem. */
#ifndef CM_MODEM_INTERNAL_H
#define CM_MODEM_INTERNAL_H

#include <libqmi-glib/libqmi-glib.h>

#include "CModem/modem.h"

/* The open device, or NULL. Borrowed. */
QmiDevice *cm_modem_device(const CmModem *modem);

#endif
