/* The main loop, its clocks, timers, signals and descriptor watches. See CModem/loop.h. */
#include "CModem/loop.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NANOSECONDS_PER_SECOND INT64_C(1000000000)
#define NEVER INT64_MAX

/* --- Running ---------------------------------------------------------------------------------------------------- */

static GMainLoop *innermost;
static bool quit_requested;
/* Set while the loop runs by cm_loop_run: see wait_for_events. */
static bool may_skip;
static bool skipped;
/* How long one cm_loop_turn may wait, in milliseconds; negative: no limit. */
static int turn_limit = -1;

/* GLib calls this to wait. libqmi hands over every answer of the modem through an idle source, which makes GLib come here with a
 * zero timeout: a system call only to learn about descriptors that can as well be looked at one turn later. Such a wait
 * is left out, though never twice in a row, so that idle sources can't starve descriptors. */
static gint wait_for_events(GPollFD *descriptors, guint count, gint timeout) {
  if (timeout == 0 && may_skip && !skipped) {
    skipped = true;
    return 0;
  }
  skipped = false;
  if (turn_limit >= 0 && (timeout < 0 || timeout > turn_limit)) timeout = turn_limit;
  return poll((struct pollfd *)descriptors, count, timeout);
}

G_STATIC_ASSERT(sizeof(GPollFD) == sizeof(struct pollfd));

static void prepare_context(void) {
  static bool done;
  if (done) return;
  done = true;
  g_main_context_set_poll_func(NULL, wait_for_events);
  /* Writing to a peer that went away is an error to handle, not a reason to die. */
  signal(SIGPIPE, SIG_IGN);
}

void cm_loop_run(void) {
  prepare_context();
  if (!quit_requested) {
    GMainLoop *outer = innermost;
    bool outer_may_skip = may_skip;
    innermost = g_main_loop_new(NULL, FALSE);
    may_skip = true;
    g_main_loop_run(innermost);
    may_skip = outer_may_skip;
    g_main_loop_unref(innermost);
    innermost = outer;
  }
  quit_requested = false;
}

void cm_loop_quit(void) {
  quit_requested = true;
  if (innermost) g_main_loop_quit(innermost);
}

bool cm_loop_turn(int64_t timeout_ns) {
  prepare_context();
  bool outer_may_skip = may_skip;
  may_skip = false;
  if (timeout_ns < 0) {
    turn_limit = -1;
  } else {
    int64_t milliseconds = timeout_ns / 1000000 + (timeout_ns % 1000000 != 0);
    turn_limit = milliseconds > G_MAXINT ? G_MAXINT : (int)milliseconds;
  }
  bool done = g_main_context_iteration(NULL, TRUE);
  turn_limit = -1;
  may_skip = outer_may_skip;
  return done;
}

static int64_t nanoseconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (int64_t)time.tv_sec * NANOSECONDS_PER_SECOND + time.tv_nsec;
}

int64_t cm_loop_now(void) {
  return nanoseconds(CLOCK_BOOTTIME);
}

int64_t cm_loop_wall_time(void) {
  return nanoseconds(CLOCK_REALTIME) / 1000000;
}

/* --- Timers ------------------------------------------------------------------------------------------------------ */

/* All timers share one kernel timer: every descriptor in the loop costs each of its turns. */
struct CmTimer {
  /* When the caller wants to be called. */
  int64_t deadline;
  /* The deadline has come and the call is about to be made. */
  bool due;
  cm_timer_fn fn;
  void *user_data;
};

static GPtrArray *timers;
static int timers_descriptor = -1;
/* When the kernel wakes us: never later than the first deadline, often earlier. */
static int64_t timers_armed = NEVER;

static void timers_set(int64_t at) {
  /* A zero time would disarm; a time that has passed fires at once. */
  if (at < 1) at = 1;
  struct itimerspec spec = {
      .it_value = {.tv_sec = at / NANOSECONDS_PER_SECOND, .tv_nsec = at % NANOSECONDS_PER_SECOND},
  };
  timerfd_settime(timers_descriptor, TFD_TIMER_ABSTIME, &spec, NULL);
  timers_armed = at;
}

static CmTimer *next_due_timer(void) {
  for (guint i = 0; i < timers->len; i++) {
    CmTimer *timer = timers->pdata[i];
    if (timer->due) return timer;
  }
  return NULL;
}

static gboolean timers_ready(gint descriptor, GIOCondition condition, gpointer data) {
  (void)condition;
  (void)data;
  uint64_t expirations;
  if (read(descriptor, &expirations, sizeof expirations) < 0 && (errno == EAGAIN || errno == EINTR)) {
    return G_SOURCE_CONTINUE;
  }
  timers_armed = NEVER;
  int64_t now = cm_loop_now();
  for (guint i = 0; i < timers->len; i++) {
    CmTimer *timer = timers->pdata[i];
    timer->due = timer->deadline <= now;
  }
  /* A callback may free any timer, and may arm its own for a time that has come: that one waits for the next turn. */
  for (CmTimer *timer; (timer = next_due_timer());) {
    timer->due = false;
    timer->deadline = NEVER;
    timer->fn(timer->user_data);
  }
  int64_t first = NEVER;
  for (guint i = 0; i < timers->len; i++) first = MIN(first, ((CmTimer *)timers->pdata[i])->deadline);
  if (first < timers_armed) timers_set(first);
  return G_SOURCE_CONTINUE;
}

CmTimer *cm_timer_new(cm_timer_fn fn, void *user_data) {
  if (timers_descriptor < 0) {
    timers_descriptor = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timers_descriptor < 0) return NULL;
    timers = g_ptr_array_new();
    GSource *source = g_unix_fd_source_new(timers_descriptor, G_IO_IN);
    g_source_set_callback(source, G_SOURCE_FUNC(timers_ready), NULL, NULL);
    g_source_set_can_recurse(source, TRUE); /* cheaper, see cm_modem.c */
    g_source_attach(source, NULL);
    g_source_unref(source);
  }
  CmTimer *timer = g_new0(CmTimer, 1);
  timer->deadline = NEVER;
  timer->fn = fn;
  timer->user_data = user_data;
  g_ptr_array_add(timers, timer);
  return timer;
}

void cm_timer_arm(CmTimer *timer, int64_t deadline_ns) {
  timer->due = false;
  timer->deadline = deadline_ns == NEVER ? NEVER - 1 : deadline_ns;
  if (timer->deadline < timers_armed) timers_set(timer->deadline);
}

void cm_timer_disarm(CmTimer *timer) {
  timer->due = false;
  timer->deadline = NEVER;
}

void cm_timer_free(CmTimer *timer) {
  if (!timer) return;
  g_ptr_array_remove_fast(timers, timer);
  g_free(timer);
}

/* --- Signals ---------------------------------------------------------------------------------------------------- */

struct CmSignalWatch {
  int number;
  cm_signal_fn fn;
  void *user_data;
};

/* One event descriptor for all signals, for the same reason as above. Read by the handler, like the flags: on any thread, for GLib
   has some of its own. Atomics of this size need no lock, so a handler may use them. */
static _Atomic int signals_descriptor = -1;
static _Atomic int signal_pending[NSIG];
static CmSignalWatch *signal_watches[NSIG];

static void signal_arrived(int number) {
  int saved = errno;
  uint64_t one = 1;
  signal_pending[number] = 1;
  ssize_t written = write(signals_descriptor, &one, sizeof one);
  (void)written; /* full means that the loop knows already */
  errno = saved;
}

static gboolean signals_ready(gint descriptor, GIOCondition condition, gpointer data) {
  (void)condition;
  (void)data;
  uint64_t count;
  if (read(descriptor, &count, sizeof count) < 0) return G_SOURCE_CONTINUE;
  for (int number = 1; number < NSIG; number++) {
    if (!atomic_exchange(&signal_pending[number], 0)) continue;
    CmSignalWatch *watch = signal_watches[number];
    if (watch) watch->fn(watch->user_data); /* may free the watch */
  }
  return G_SOURCE_CONTINUE;
}

CmSignalWatch *cm_signal_watch_new(int signal_number, cm_signal_fn fn, void *user_data) {
  if (signal_number <= 0 || signal_number >= NSIG) {
    errno = EINVAL;
    return NULL;
  }
  if (signal_watches[signal_number]) {
    errno = EBUSY;
    return NULL;
  }
  if (signals_descriptor < 0) {
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0) return NULL;
    signals_descriptor = descriptor;
    GSource *source = g_unix_fd_source_new(descriptor, G_IO_IN);
    g_source_set_callback(source, G_SOURCE_FUNC(signals_ready), NULL, NULL);
    g_source_attach(source, NULL);
    g_source_unref(source);
  }
  /* Before the handler is there: what comes at once counts. */
  signal_pending[signal_number] = 0;
  struct sigaction action = {.sa_handler = signal_arrived, .sa_flags = SA_RESTART};
  if (sigaction(signal_number, &action, NULL) < 0) return NULL;
  CmSignalWatch *watch = g_new0(CmSignalWatch, 1);
  watch->number = signal_number;
  watch->fn = fn;
  watch->user_data = user_data;
  signal_watches[signal_number] = watch;
  return watch;
}

void cm_signal_watch_free(CmSignalWatch *watch) {
  if (!watch) return;
  struct sigaction action = {.sa_handler = SIG_DFL};
  sigaction(watch->number, &action, NULL);
  signal_watches[watch->number] = NULL;
  g_free(watch);
}

/* --- Descriptors ------------------------------------------------------------------------------------------------ */

struct CmDescriptorWatch {
  GSource *source;
  gpointer tag;
  cm_descriptor_fn fn;
  void *user_data;
};

/* A source that does nothing but wait for one descriptor: GLib checks it without calling us. */
typedef struct {
  GSource base;
  CmDescriptorWatch *watch;
} WatchSource;

static gboolean watch_dispatch(GSource *source, GSourceFunc callback, gpointer data) {
  (void)callback;
  (void)data;
  CmDescriptorWatch *watch = ((WatchSource *)source)->watch;
  GIOCondition condition = g_source_query_unix_fd(source, watch->tag);
  uint32_t events = 0;
  if (condition & G_IO_IN) events |= CM_READABLE;
  if (condition & G_IO_OUT) events |= CM_WRITABLE;
  if (condition & (G_IO_HUP | G_IO_ERR | G_IO_NVAL)) events |= CM_HANGUP;
  if (events) watch->fn(events, watch->user_data); /* may free the watch */
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs watch_funcs = {.dispatch = watch_dispatch};

static GIOCondition condition_of(uint32_t events) {
  GIOCondition condition = 0;
  if (events & CM_READABLE) condition |= G_IO_IN;
  if (events & CM_WRITABLE) condition |= G_IO_OUT;
  return condition;
}

CmDescriptorWatch *cm_descriptor_watch_new(int descriptor, uint32_t events, cm_descriptor_fn fn, void *user_data) {
  CmDescriptorWatch *watch = g_new0(CmDescriptorWatch, 1);
  watch->fn = fn;
  watch->user_data = user_data;
  watch->source = g_source_new(&watch_funcs, sizeof(WatchSource));
  ((WatchSource *)watch->source)->watch = watch;
  watch->tag = g_source_add_unix_fd(watch->source, descriptor, condition_of(events));
  g_source_set_can_recurse(watch->source, TRUE); /* cheaper, see cm_modem.c */
  g_source_attach(watch->source, NULL);
  return watch;
}

void cm_descriptor_watch_set_events(CmDescriptorWatch *watch, uint32_t events) {
  if (!watch) return;
  g_source_modify_unix_fd(watch->source, watch->tag, condition_of(events));
}

void cm_descriptor_watch_free(CmDescriptorWatch *watch) {
  if (!watch) return;
  g_source_destroy(watch->source);
  g_source_unref(watch->source);
  g_free(watch);
}
