// Hears from logind that the system is about to sleep, and holds it up until what must be said has been said.
// One thread, the default GMainContext.
#ifndef CM_SLEEP_H
#define CM_SLEEP_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct CmSleepMonitor CmSleepMonitor;

typedef struct {
  // The system will sleep: at once after cm_sleep_monitor_release, and anyway when logind's InhibitDelayMaxSec (5 s by
  // default) is over.
  void (*preparing)(void *user_data);
  // It has slept, or changed its mind.
  void (*resumed)(void *user_data);
  // The bus can't be reached or went away: the handle is of no more use than to be freed. At most once.
  void (*lost)(void *user_data, const char *text);
} CmSleepMonitorCallbacks;

// Connects to `bus` ("system", or a D-Bus address) and holds a delay lock (org.freedesktop.login1.Manager.Inhibit)
// whenever logind is there; asynchronously, every failure to connect arrives by `lost`. A logind that is not there, or
// refuses the lock, is no failure: it may come, and without the lock its signal still tells.
CmSleepMonitor *cm_sleep_monitor_new(const char *bus, const CmSleepMonitorCallbacks *callbacks, void *user_data);
// Lets go of the lock. It is taken again when the system has resumed. Harmless without one.
void cm_sleep_monitor_release(CmSleepMonitor *monitor);
// Whether the lock is held.
bool cm_sleep_monitor_is_holding(const CmSleepMonitor *monitor);
// Lets go of everything. NULL is allowed.
void cm_sleep_monitor_free(CmSleepMonitor *monitor);

#ifdef __cplusplus
}
#endif

#endif
