// Watches for a device node, and for the network. One thread, the default GMainContext.
#ifndef CM_MONITOR_H
#define CM_MONITOR_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct CmDeviceMonitor CmDeviceMonitor;

// Calls `changed` from the loop each time `path` begins or ceases to exist, and each time it is replaced.
// Owned by the caller until freed; NULL with `*error_text` (cm_monitor_text_free) when it can't be watched.
CmDeviceMonitor *cm_device_monitor_new(const char *path, void (*changed)(void *user_data, bool exists),
                                         void *user_data, char **error_text);
void cm_device_monitor_free(CmDeviceMonitor *monitor);
bool cm_device_monitor_exists(const CmDeviceMonitor *monitor);
void cm_monitor_text_free(char *text);

typedef struct CmNetworkMonitor CmNetworkMonitor;

// Calls `changed` from the loop when routes come, go or change, or the metered state does.
CmNetworkMonitor *cm_network_monitor_new(void (*changed)(void *user_data, bool available, bool metered),
                                           void *user_data);
void cm_network_monitor_free(CmNetworkMonitor *monitor);
bool cm_network_monitor_available(const CmNetworkMonitor *monitor);
bool cm_network_monitor_metered(const CmNetworkMonitor *monitor);

#ifdef __cplusplus
}
#endif

#endif
