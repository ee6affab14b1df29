// Between cm_tls.c (the connection in the loop) and cm_tls_session.c (what is OpenSSL's alone).
#ifndef CM_TLS_SESSION_H
#define CM_TLS_SESSION_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "CModem/tls.h"

// An SSL object over one socket, with what is needed to say what went wrong.
typedef struct {
  SSL *ssl;
  int descriptor;
  // errno of the last socket call that failed for good, 0 when none did.
  int socket_error;
} CmTLSSession;

// Makes a context that trusts the CERTIFICATE blocks of `ca_file` only, speaks TLS 1.3 only and offers `alpn`.
// NULL with `*text` (g_free) saying why.
SSL_CTX *cm_tls_context_new(const char *ca_file, const char *alpn, char **text);

// Prepares `session` for a handshake on the connected socket `descriptor` with a peer that must prove to be `host`.
// The session keeps its address until cm_tls_session_clear, which does not close the socket. False with `*text` set.
bool cm_tls_session_init(CmTLSSession *session, SSL_CTX *context, int descriptor, const char *host, char **text);
void cm_tls_session_clear(CmTLSSession *session);

// After a finished handshake: whether the peer agreed to `alpn`.
bool cm_tls_session_speaks(const CmTLSSession *session, const char *alpn);

// SHA-256 of the peer certificate's SubjectPublicKeyInfo in DER. False when there is none.
bool cm_tls_session_peer_key_hash(const CmTLSSession *session, uint8_t hash[32]);

// Turns the failure of the last SSL call, whose SSL_get_error was `error`, into a reason and a line (g_free).
CmTLSReason cm_tls_session_explain(const CmTLSSession *session, int error, bool in_handshake, const char *host,
                                   const char *alpn, char **text);

#endif
