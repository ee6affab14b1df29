/* The main loop: run and stop it, clocks, one-shot timers, signals, descriptors.
 *
 * Everything here belongs to the default GMainContext and to the thread that runs it. Watches and timers are made with
 * a _new and ended with a _free; a _free may be called from inside the callback of the same object, takes NULL, and
 * no callback comes after it. */
#ifndef CMODEM_LOOP_H
#define CMODEM_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct CmTimer CmTimer;
typedef struct CmSignalWatch CmSignalWatch;
typedef struct CmDescriptorWatch CmDescriptorWatch;

typedef void (*cm_timer_fn)(void *user_data);
typedef void (*cm_signal_fn)(void *user_data);
/* `events`: what is ready now, of CM_READABLE, CM_WRITABLE, CM_HANGUP. */
typedef void (*cm_descriptor_fn)(uint32_t events, void *user_data);

#define CM_READABLE 1u
#define CM_WRITABLE 2u
/* Hang-up or error; reported whether asked for or not. */
#define CM_HANGUP 4u

/* Runs the loop until cm_loop_quit. Not to be called from inside a callback of the loop. */
void cm_loop_run(void);

/* Ends the innermost cm_loop_run after the turn under way. Before cm_loop_run: makes the next one return at once. */
void cm_loop_quit(void);

/* One turn of the loop: waits at most `timeout_ns` for something to do (negative: as long as it takes; 0: not at all)
 * and does all that is ready. Returns whether anything was done. For tests and tools; the daemon uses cm_loop_run. */
bool cm_loop_turn(int64_t timeout_ns);

/* Nanoseconds of CLOCK_BOOTTIME: never set back, and it goes on while the machine is suspended. */
int64_t cm_loop_now(void);

/* Milliseconds since 1970-01-01T00:00:00Z. */
int64_t cm_loop_wall_time(void);

/* One timer on CLOCK_BOOTTIME, not armed. NULL with errno set when the kernel gives no timer descriptor. */
CmTimer *cm_timer_new(cm_timer_fn fn, void *user_data);

/* Calls `fn` once at `deadline_ns` (of cm_loop_now), at once when that has passed; a later call replaces an earlier
 * one. Cheap when called on every event: the kernel is only asked when the deadline moves nearer. */
void cm_timer_arm(CmTimer *timer, int64_t deadline_ns);

/* No call until armed again. */
void cm_timer_disarm(CmTimer *timer);

void cm_timer_free(CmTimer *timer);

/* Calls `fn` in the loop for each arrival (several at once may count as one) of `signal_number`. One watch a signal:
 * NULL with errno EBUSY when there is one already. _free gives the signal its default action back. */
CmSignalWatch *cm_signal_watch_new(int signal_number, cm_signal_fn fn, void *user_data);
void cm_signal_watch_free(CmSignalWatch *watch);

/* Watches a descriptor it does not own. Free the watch before closing the descriptor. */
CmDescriptorWatch *cm_descriptor_watch_new(int descriptor, uint32_t events, cm_descriptor_fn fn, void *user_data);
void cm_descriptor_watch_set_events(CmDescriptorWatch *watch, uint32_t events);
void cm_descriptor_watch_free(CmDescriptorWatch *watch);

#ifdef __cplusplus
}
#endif
#endif
