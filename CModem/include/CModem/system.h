// What the process says to its service manager, and its own memory. Any thread.
#ifndef CM_SYSTEM_H
#define CM_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Sends `state` (as of sd_notify(3), e.g. "READY=1") to $NOTIFY_SOCKET. 1 when sent, 0 when there is no
// service manager to tell, a negative errno when it can't be reached.
int cm_system_notify(const char *state);
// Microseconds within which the service manager wants a sign of life, 0 when it wants none ($WATCHDOG_USEC).
uint64_t cm_system_watchdog_microseconds(void);

// Sets malloc up for a small daemon: one arena, and allocations of 1 MiB and more mapped on their own so that
// freeing them gives them back to the kernel at once. Call early in main.
void cm_system_keep_memory_small(void);
// Has the allocator overwrite what is freed, but for blocks of up to 1 KiB that it keeps at hand for the next need of their size.
void cm_system_wipe_freed_memory(void);
// Gives free heap pages back to the kernel. True when there were some.
bool cm_system_trim_memory(void);
// Unmaps the pages of code and constants of the program and its libraries. What is used again comes back from the page
// cache, a few microseconds a page, so call it after start-up and after a burst, not in a busy phase. Start-up, TLS
// and number metadata run through megabytes of code that a proxy at work never touches; unmapped, the kernel can drop
// it when memory is short. Returns how many octets were covered.
size_t cm_system_release_code(void);
// Keeps this process's memory out of core dumps and from other processes of the same user: not dumpable (prctl(2)), RLIMIT_CORE 0.
// False when the kernel refuses.
bool cm_system_deny_dumps(void);
// Keeps this process, and those it starts from now on, on the processor it runs on, for measurements: which process the
// scheduler wakes on which processor would otherwise be measured. False when the kernel refuses.
bool cm_system_pin_to_one_processor(void);
// Octets resident, and resident and shared with nobody; zeroes when /proc does not say.
void cm_system_memory(uint64_t *resident, uint64_t *private_octets);

#ifdef __cplusplus
}
#endif

#endif
