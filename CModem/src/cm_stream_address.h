/* Unix socket addresses and peers, for cm_stream.c and cm_stream_listener.c only. */
#ifndef CM_STREAM_ADDRESS_H
#define CM_STREAM_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "CModem/stream.h"

/* Fills in the address of `name` ('@' first: abstract, exactly as long as the name, as libqmi writes it). 0 with errno
 * ENAMETOOLONG or EINVAL when it does not fit or is empty. */
socklen_t cm_stream_address(const char *name, struct sockaddr_un *address);

bool cm_stream_peer_of(int descriptor, CmPeer *peer);

#endif
