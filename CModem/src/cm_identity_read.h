/* What the machine of a read (cm_identity.c) and its steps (cm_identity_steps.c) share. */
#ifndef CM_IDENTITY_READ_H
#define CM_IDENTITY_READ_H

#include <gio/gio.h>
#include <libqmi-glib/libqmi-glib.h>
#include <stdbool.h>

#include "CModem/identity.h"

typedef enum { IMEI, IMSI, ICCID, MSISDN, HOME_NETWORK, SERVING_NETWORK, SIM_STATE, REGISTRATION, FIELD_COUNT } Field;

struct CmIdentityRead {
  QmiDevice *device;
  CmIdentityScope scope;
  guint step_seconds;
  cm_identity_fn fn;
  void *user_data;
  bool cancelled;

  size_t step;
  QmiService service;
  QmiClient *client;
  /* Why the present service has no client. */
  char *client_error;
  /* Why nothing more is asked. */
  char *given_up;
  unsigned silent;

  /* A field is known when it has a text (or a state); else each failed source left its reason. */
  char *text[FIELD_COUNT];
  GString *reason[FIELD_COUNT];
  unsigned mnc_digits;
  CmSIMState sim_state;
  CmRegistration registration;
  CmRoaming roaming;
};

typedef struct {
  QmiService service;
  Field field;
  /* What the step asks, for reasons: "DMS Get IDs". */
  const char *name;
  /* Also taken when only the serving network is asked for. */
  bool serving;
  /* NULL: always. */
  bool (*needed)(const CmIdentityRead *read);
  /* Asks the modem; cm_identity_step_done follows from the loop. */
  void (*start)(CmIdentityRead *read);
} Step;

/* In order. */
extern const Step cm_identity_steps[];
extern const size_t cm_identity_step_count;

/* The step under way. */
const Step *cm_identity_present(const CmIdentityRead *read);

void cm_identity_set_text(CmIdentityRead *read, Field field, const char *text);
void cm_identity_add_reason(CmIdentityRead *read, Field field, const char *source, const char *text);

/* The present step brought nothing, and why. */
void cm_identity_fail(CmIdentityRead *read, const char *text);

/* Ends the present step, after a failure of the exchange with `error` (consumed) or without one. */
void cm_identity_step_done(CmIdentityRead *read, GError *error);

#endif
