/* Byte streams with a send queue: Unix sockets, both ends, and pseudo-terminals.
 *
 * Read and written directly when the loop says so, without GIO streams: this is the way of every QMI request, twice.
 * One thread, the loop's. A _free may be called from inside a callback of the same object, takes NULL, closes what the
 * object owns, and no callback comes after it. */
#ifndef CMODEM_STREAM_H
#define CMODEM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct CmStream CmStream;
typedef struct CmListener CmListener;

/* Who is at the other end of a Unix socket, as the kernel recorded it when the connection was made. */
typedef struct {
  pid_t pid;
  uid_t uid;
  gid_t gid;
} CmPeer;

typedef struct {
  /* Bytes read; `bytes` is valid during the call only. */
  void (*bytes)(const uint8_t *bytes, size_t count, void *user_data);
  /* The kernel took some of the queue: `backlog` octets are left of it. Only after a send that left a backlog. */
  void (*drained)(size_t backlog, void *user_data);
  /* The other end is gone (errno_value 0), or reading or writing failed. The last call; the stream is still to be freed. */
  void (*closed)(int errno_value, void *user_data);
} CmStreamHandlers;

/* Takes ownership of `descriptor` (also on failure: it is closed then) and makes it non-blocking and close-on-exec. The
 * handlers are copied. */
CmStream *cm_stream_new(int descriptor, const CmStreamHandlers *handlers, void *user_data);

/* Connects to a listening Unix socket: an abstract one when `name` starts with '@', else a path. Returns at once, since
 * connecting to a Unix socket does not wait; NULL with errno set (ECONNREFUSED, ENOENT; EAGAIN: its queue is full). */
CmStream *cm_stream_connect(const char *name, const CmStreamHandlers *handlers, void *user_data);

/* Sends, or queues what the kernel does not take now. Returns the octets queued after it, 0 when all went. A stream that
 * is closed takes nothing and returns 0. Copies what it queues. */
size_t cm_stream_send(CmStream *stream, const void *bytes, size_t count);

/* Octets queued. */
size_t cm_stream_backlog(const CmStream *stream);

/* Whether bytes are read from the kernel. While not, the peer's writes fill the socket and then wait: back-pressure. */
void cm_stream_set_reading(CmStream *stream, bool reading);

/* False when it is not a Unix socket. */
bool cm_stream_peer(const CmStream *stream, CmPeer *peer);

void cm_stream_free(CmStream *stream);

typedef struct {
  /* A connection; the callee owns the descriptor (see cm_stream_new). */
  void (*accepted)(int descriptor, CmPeer peer, void *user_data);
  /* Accepting failed for want of descriptors or memory; it is tried again after a pause. */
  void (*failed)(int errno_value, void *user_data);
} CmListenerHandlers;

/* Listens on a Unix stream socket: an abstract one when `name` starts with '@', else at a path with file permissions
 * `mode`; a socket file that nobody listens at any more is replaced, and removed by _free.
 * NULL with errno set. With EADDRINUSE `owner` is who listens there now (pid 0 when the kernel does not tell). */
CmListener *cm_listener_new(const char *name, mode_t mode, const CmListenerHandlers *handlers, void *user_data,
                            CmPeer *owner);

/* Listens on a descriptor that is listening already (systemd socket activation). Takes ownership, on failure too.
 * NULL with errno EINVAL when it is not a listening Unix stream socket. */
CmListener *cm_listener_adopt(int descriptor, const CmListenerHandlers *handlers, void *user_data);

void cm_listener_free(CmListener *listener);

/* How many descriptors systemd passed to this very process (LISTEN_PID, LISTEN_FDS), from 3 on; 0 when none. The first
 * call makes them close-on-exec and takes the variables out of the environment, so that no child believes in them. */
int cm_passed_descriptor_count(void);

/* The name (FileDescriptorName=) of passed descriptor `index` counted from 0, "" when it has none. Not to be freed. */
const char *cm_passed_descriptor_name(int index);

/* A pseudo-terminal in raw mode, or -1 with errno set. The caller owns the descriptor of the master and `*slave`, and frees
 * `*slave_path`. Holding the slave open keeps the master usable while nobody else has it open. */
int cm_pseudo_terminal_open(int *slave, char **slave_path);

/* Frees what the shim allocated for the caller (strings, blocks). Takes NULL. */
void cm_stream_free_string(char *string);

#ifdef __cplusplus
}
#endif
#endif
