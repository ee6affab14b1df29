/* The whole C shim in one place: the only code that touches GLib, libqmi and OpenSSL.
 *
 * All of it runs on one thread, the one that runs the main loop, and is called back on that thread.
 * Each part says in its own header what it owns. */
#ifndef CMODEM_H
#define CMODEM_H

#include "CModem/bus.h"
#include "CModem/file.h"
#include "CModem/identity.h"
#include "CModem/journal.h"
#include "CModem/loop.h"
#include "CModem/modem.h"
#include "CModem/monitor.h"
#include "CModem/number.h"
#include "CModem/settings.h"
#include "CModem/sleep.h"
#include "CModem/stream.h"
#include "CModem/system.h"
#include "CModem/tls.h"

#endif
