// A TLS 1.3 client connection on OpenSSL, driven by the default GMainContext.
//
// One thread: create, use and destroy on the thread that runs the default context; every callback
// is made there, from the loop, never from inside a call of this header. Nothing here blocks: names
// are resolved by GResolver's own worker thread, sockets are non-blocking and O_CLOEXEC.
#ifndef CM_TLS_H
#define CM_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct CmTLS CmTLS;

// Why a connection ended. The text that comes with it says more.
typedef enum {
  CM_TLS_CLOSED_BY_PEER,
  CM_TLS_CONFIGURATION,  // the CA file can't be read or holds no certificate
  CM_TLS_NAME,           // the host name does not resolve
  CM_TLS_CONNECT,        // no address accepts the connection
  CM_TLS_TIMEOUT,        // not ready within the connect timeout
  CM_TLS_CERTIFICATE,    // the peer's certificate is not one to trust
  CM_TLS_PROTOCOL,       // no TLS 1.3, no common ALPN, broken records
  CM_TLS_IO,             // the established connection broke
} CmTLSReason;

// All pointers are valid during the call only. `closed` is the last callback of a connection and is
// made at most once; it is not made after cm_tls_close.
typedef struct {
  // `key_hash`: 32 octets, SHA-256 of the peer certificate's SubjectPublicKeyInfo in DER.
  void (*ready)(void *user_data, const uint8_t *key_hash);
  void (*received)(void *user_data, const uint8_t *octets, size_t count);
  // What was queued has gone to the kernel, after cm_tls_send had returned more than zero.
  void (*drained)(void *user_data);
  void (*closed)(void *user_data, CmTLSReason reason, const char *text);
} CmTLSCallbacks;

// Starts resolving and connecting to `host` (a name, or an IP address in text; IPv6 with or without
// brackets) and `port`. Only certificates that chain to a CERTIFICATE block of the PEM file `ca_file`
// and name `host` are accepted; other kinds of block in that file are skipped. ALPN must be `alpn`.
// `timeout_ms` bounds resolving, connecting and the handshake together. Every failure, also of the
// CA file, arrives by `closed`. The caller owns the result until cm_tls_close.
CmTLS *cm_tls_connect(const char *host, uint16_t port, const char *ca_file, const char *alpn,
                       uint32_t timeout_ms, const CmTLSCallbacks *callbacks, void *user_data);

// Queues a copy of `octets`, writes what the kernel takes now, and returns the number of octets still
// queued. Allowed before `ready` (sent once ready). After the end of the connection nothing is queued.
size_t cm_tls_send(CmTLS *tls, const uint8_t *octets, size_t count);

// Octets accepted by cm_tls_send that the kernel has not taken.
size_t cm_tls_backlog(const CmTLS *tls);

// Ends the connection and gives up the handle; no callback is made any more. An established
// connection sends what is queued and close_notify from the loop for at most `linger_ms`, then the
// socket is closed; with 0 it gets one try at once. NULL is allowed.
void cm_tls_close(CmTLS *tls, uint32_t linger_ms);

#ifdef __cplusplus
}
#endif

#endif
