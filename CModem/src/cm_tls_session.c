#include "cm_tls_session.h"

#include <errno.h>
#include <gio/gio.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/socket.h>

// --- Socket BIO -------------------------------------------------------------------------------------
// OpenSSL's own writes with write(2), which raises SIGPIPE when the peer is gone; the signal's disposition belongs
// to the program, so this one asks the kernel for none.

static bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static int bio_write(BIO *bio, const char *octets, int count) {
  CmTLSSession *session = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  ssize_t written = send(session->descriptor, octets, (size_t)count, MSG_NOSIGNAL);
  if (written < 0) {
    if (would_block(errno))
      BIO_set_retry_write(bio);
    else
      session->socket_error = errno;
  }
  return (int)written;
}

static int bio_read(BIO *bio, char *octets, int count) {
  CmTLSSession *session = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  ssize_t got = recv(session->descriptor, octets, (size_t)count, 0);
  if (got < 0) {
    if (would_block(errno))
      BIO_set_retry_read(bio);
    else
      session->socket_error = errno;
  } else if (got == 0) {
    BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  }
  return (int)got;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer) {
  (void)number;
  (void)pointer;
  switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP:
      return 1;
    case BIO_CTRL_EOF:
      return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    default:
      return 0;
  }
}

// Made once and kept: a method outlives all its BIOs.
static const BIO_METHOD *socket_method(void) {
  static BIO_METHOD *method;
  if (!method) {
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "cm socket");
    if (method) {
      BIO_meth_set_write(method, bio_write);
      BIO_meth_set_read(method, bio_read);
      BIO_meth_set_ctrl(method, bio_ctrl);
    }
  }
  return method;
}

// --- Context ----------------------------------------------------------------------------------------

static char *last_reason(void) {
  unsigned long code = ERR_peek_last_error();
  const char *reason = code ? ERR_reason_error_string(code) : NULL;
  return reason ? g_strdup(reason) : g_strdup_printf("error %lx", code);
}

// Adds each CERTIFICATE block of `pem` to `store`. The blocks are cut out first: the file also holds blocks of our own
// kinds, whose inside is none of OpenSSL's business.
static int add_certificates(X509_STORE *store, const char *pem, char **text) {
  static const char begin[] = "-----BEGIN CERTIFICATE-----";
  static const char end[] = "-----END CERTIFICATE-----";
  int count = 0;
  for (const char *start = pem; (start = strstr(start, begin));) {
    const char *stop = strstr(start, end);
    size_t size = stop ? (size_t)(stop - start) + strlen(end) : strlen(start);
    BIO *bio = size <= INT_MAX ? BIO_new_mem_buf(start, (int)size) : NULL;
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    bool added = certificate && X509_STORE_add_cert(store, certificate);
    X509_free(certificate);
    BIO_free(bio);
    if (!added) {
      char *reason = last_reason();
      *text = g_strdup_printf("CERTIFICATE block %d can't be read: %s", count + 1, reason);
      g_free(reason);
      return -1;
    }
    count++;
    start += size;
  }
  if (count == 0) *text = g_strdup("it holds no CERTIFICATE block");
  return count;
}

static bool set_protocols(SSL_CTX *context, const char *alpn) {
  size_t count = strlen(alpn);
  uint8_t wire[256];
  if (count == 0 || count > 255) return false;
  wire[0] = (uint8_t)count;
  memcpy(wire + 1, alpn, count);
  return SSL_CTX_set_alpn_protos(context, wire, (unsigned)count + 1) == 0;
}

SSL_CTX *cm_tls_context_new(const char *ca_file, const char *alpn, char **text) {
  char *pem = NULL;
  GError *error = NULL;
  if (!g_file_get_contents(ca_file, &pem, NULL, &error)) {
    *text = g_strdup_printf("CA file can't be read: %s", error->message);
    g_error_free(error);
    return NULL;
  }
  ERR_clear_error();
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) ||
      !SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) || !set_protocols(context, alpn)) {
    char *reason = last_reason();
    *text = g_strdup_printf("TLS can't be set up: %s", reason);
    g_free(reason);
    SSL_CTX_free(context);
    g_free(pem);
    return NULL;
  }
  char *why = NULL;
  int count = add_certificates(SSL_CTX_get_cert_store(context), pem, &why);
  g_free(pem);
  if (count <= 0) {
    *text = g_strdup_printf("CA file %s: %s", ca_file, why);
    g_free(why);
    SSL_CTX_free(context);
    return NULL;
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  // The CA file may hold an intermediate: what is in it is trusted, whoever signed it.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  return context;
}

// --- Session ----------------------------------------------------------------------------------------

bool cm_tls_session_init(CmTLSSession *session, SSL_CTX *context, int descriptor, const char *host, char **text) {
  ERR_clear_error();
  SSL *ssl = SSL_new(context);
  BIO *bio = ssl ? BIO_new(socket_method()) : NULL;
  if (!bio) {
    SSL_free(ssl);
    *text = g_strdup("TLS can't be set up: out of memory");
    return false;
  }
  session->ssl = ssl;
  session->descriptor = descriptor;
  session->socket_error = 0;
  BIO_set_data(bio, session);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_connect_state(ssl);

  X509_VERIFY_PARAM *parameters = SSL_get0_param(ssl);
  bool named;
  if (g_hostname_is_ip_address(host)) {
    named = X509_VERIFY_PARAM_set1_ip_asc(parameters, host);
  } else {
    // A certificate's common name is not a host name, and `*` stands for one whole label.
    X509_VERIFY_PARAM_set_hostflags(parameters,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    named = X509_VERIFY_PARAM_set1_host(parameters, host, 0) && SSL_set_tlsext_host_name(ssl, host);
  }
  if (!named) {
    *text = g_strdup_printf("'%s' can't be a host name", host);
    cm_tls_session_clear(session);
    return false;
  }
  return true;
}

void cm_tls_session_clear(CmTLSSession *session) {
  SSL_free(session->ssl);
  session->ssl = NULL;
  session->descriptor = -1;
}

bool cm_tls_session_speaks(const CmTLSSession *session, const char *alpn) {
  const uint8_t *chosen = NULL;
  unsigned count = 0;
  SSL_get0_alpn_selected(session->ssl, &chosen, &count);
  return count == strlen(alpn) && memcmp(chosen, alpn, count) == 0;
}

bool cm_tls_session_peer_key_hash(const CmTLSSession *session, uint8_t hash[32]) {
  X509 *certificate = SSL_get0_peer_certificate(session->ssl);
  uint8_t *der = NULL;
  int count = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der) : -1;
  if (count < 0) return false;
  unsigned size = 0;
  bool hashed = EVP_Digest(der, (size_t)count, hash, &size, EVP_sha256(), NULL) && size == 32;
  OPENSSL_free(der);
  return hashed;
}

static char *certificate_text(long verdict, const char *host) {
  const char *reason = X509_verify_cert_error_string(verdict);
  if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
    return g_strdup_printf("certificate verify failed: %s (the certificate is not for %s)", reason, host);
  return g_strdup_printf("certificate verify failed: %s", reason);
}

CmTLSReason cm_tls_session_explain(const CmTLSSession *session, int error, bool in_handshake, const char *host,
                                   const char *alpn, char **text) {
  unsigned long code = ERR_peek_last_error();
  int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
  if (error == SSL_ERROR_ZERO_RETURN) {
    *text = g_strdup_printf("%s closed the connection", host);
    return in_handshake ? CM_TLS_CONNECT : CM_TLS_CLOSED_BY_PEER;
  }
  if (session->socket_error != 0) {
    *text = g_strdup_printf("connection to %s failed: %s", host, g_strerror(session->socket_error));
    return in_handshake ? CM_TLS_CONNECT : CM_TLS_IO;
  }
  if (error == SSL_ERROR_SYSCALL || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    *text = g_strdup_printf("%s hung up%s", host, in_handshake ? " during the TLS handshake" : "");
    return in_handshake ? CM_TLS_CONNECT : CM_TLS_CLOSED_BY_PEER;
  }
  char *why = last_reason();
  CmTLSReason result = CM_TLS_PROTOCOL;
  long verdict = SSL_get_verify_result(session->ssl);
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verdict != X509_V_OK) {
    *text = certificate_text(verdict, host);
    result = CM_TLS_CERTIFICATE;
  } else if (reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION || reason == SSL_R_UNSUPPORTED_PROTOCOL) {
    *text = g_strdup_printf("%s does not speak TLS 1.3: %s", host, why);
  } else if (reason == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL) {
    *text = g_strdup_printf("%s does not speak %s: %s", host, alpn, why);
  } else if (reason == SSL_R_WRONG_VERSION_NUMBER) {
    *text = g_strdup_printf("%s does not speak TLS: %s", host, why);
  } else {
    *text = g_strdup_printf("TLS with %s failed: %s", host, why);
  }
  g_free(why);
  return result;
}
