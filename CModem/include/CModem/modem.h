/* One QMI character device, opened by libqmi-glib's QmiDevice: raw frames in both directions.
 *
 * One thread, the loop's. A _free may be called from inside a callback, takes NULL, closes the device, and no callback
 * comes after it. */
#ifndef CMODEM_MODEM_H
#define CMODEM_MODEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct CmModem CmModem;

/* Why a request has no answer. */
typedef enum {
  /* The modem said nothing in time. A late answer is dropped by libqmi. */
  CM_MODEM_FAILURE_TIMEOUT = 1,
  /* A request with the same service, client id and transaction was sent after it: the answer goes to that one. */
  CM_MODEM_FAILURE_REPLACED = 2,
  /* Not a request that libqmi takes: too short, lengths that do not fit, no client id. */
  CM_MODEM_FAILURE_MALFORMED = 3,
  /* An answer of another message type came for this transaction: the modem lost track, most likely restarted. */
  CM_MODEM_FAILURE_MISMATCH = 4,
  /* The modem takes no more bytes and too much is queued. */
  CM_MODEM_FAILURE_CONGESTED = 5,
  /* The device is not open. */
  CM_MODEM_FAILURE_NOT_OPEN = 6,
  /* Writing to it failed or anything else. */
  CM_MODEM_FAILURE_OTHER = 7,
} CmModemFailure;

typedef struct {
  void (*opened)(void *user_data);
  /* `text`: one line; valid during the call. */
  void (*open_failed)(const char *text, void *user_data);
  /* The answer to request `request_id`; for CTL the transaction in it is libqmi's, not the caller's. */
  void (*response)(uint64_t request_id, const uint8_t *octets, size_t count, void *user_data);
  void (*failure)(uint64_t request_id, CmModemFailure failure, const char *text, void *user_data);
  void (*indication)(const uint8_t *octets, size_t count, void *user_data);
  /* The device hung up. It is closed already; outstanding requests get no call of their own. */
  void (*removed)(const char *text, void *user_data);
} CmModemHandlers;

/* The handlers are copied. */
CmModem *cm_modem_new(const CmModemHandlers *handlers, void *user_data);

/* Opens the character device at `path`; `opened` or `open_failed` follows from the loop. Nothing is sent to the modem. A
 * device open or being opened is closed first. */
void cm_modem_open(CmModem *modem, const char *path);

bool cm_modem_is_open(const CmModem *modem);

/* Sends one whole QMUX frame of a request. A CTL frame with transaction 0 gets a free transaction from libqmi, which
 * its own CTL requests share. `response` or `failure` follows from the loop, never from inside this call, unless the
 * device is removed or closed first. Copies the octets. */
void cm_modem_send(CmModem *modem, uint64_t request_id, const uint8_t *octets, size_t count, uint32_t timeout_seconds);

/* Requests without an answer so far. */
size_t cm_modem_outstanding(const CmModem *modem);

/* Closes the device. Outstanding requests get no call. */
void cm_modem_close(CmModem *modem);

void cm_modem_free(CmModem *modem);

#ifdef __cplusplus
}
#endif
#endif
