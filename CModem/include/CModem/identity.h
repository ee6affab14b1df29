/* Who a modem and its SIM are, and where it is registered, through libqmi's typed clients.
 *
 * Modems have few client ids, so those needed are allocated for a read, one service after the other, and released at its
 * end. One thread, the loop's. */
#ifndef CMODEM_IDENTITY_H
#define CMODEM_IDENTITY_H

#include "modem.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct CmIdentityRead CmIdentityRead;

/* A text that was read, or why not: exactly one of both is not NULL. */
typedef struct {
  const char *text;
  const char *reason;
} CmReading;

typedef enum {
  CM_SIM_UNKNOWN = 0,
  CM_SIM_ABSENT = 1,
  CM_SIM_ERROR = 2,
  CM_SIM_PIN_REQUIRED = 3,
  CM_SIM_PUK_REQUIRED = 4,
  CM_SIM_BLOCKED = 5,
  CM_SIM_NOT_READY = 6,
  CM_SIM_READY = 7,
} CmSIMState;

typedef enum {
  CM_REGISTRATION_UNKNOWN = 0,
  CM_REGISTRATION_NONE = 1,
  CM_REGISTRATION_SEARCHING = 2,
  CM_REGISTRATION_DENIED = 3,
  CM_REGISTRATION_REGISTERED = 4,
} CmRegistration;

typedef enum { CM_ROAMING_UNKNOWN = 0, CM_ROAMING_HOME = 1, CM_ROAMING_ROAMING = 2 } CmRoaming;

/* Valid during the callback only. Numbers are digits as the modem says them, not checked further. */
typedef struct {
  CmReading imei;
  CmReading imsi;
  CmReading iccid;
  /* The subscriber's number as stored, with a leading '+' when stored as international. */
  CmReading msisdn;
  /* MCC and MNC, three digits then two or three. */
  CmReading home_network;
  CmSIMState sim_state;
  const char *sim_state_reason;  /* NULL unless unknown */
  CmRegistration registration;
  const char *registration_reason;  /* NULL unless unknown */
  CmRoaming roaming;
  CmReading serving_network;
} CmIdentity;

typedef void (*cm_identity_fn)(const CmIdentity *identity, void *user_data);

typedef enum { CM_IDENTITY_ALL = 0, CM_IDENTITY_SERVING = 1 } CmIdentityScope;

/* Starts a read. `fn` is called once from the loop, never from inside this call; also when the modem is not open, is removed
 * or says nothing (every field then has that as its reason). `step_seconds`: how long one request to the modem may take.
 * Freed by itself after the call, or by _cancel before it. */
CmIdentityRead *cm_identity_read(CmModem *modem, CmIdentityScope scope, uint32_t step_seconds, cm_identity_fn fn,
                                 void *user_data);

/* No call then; client ids in use are still released. */
void cm_identity_cancel(CmIdentityRead *read);

#ifdef __cplusplus
}
#endif
#endif
