/* Reads identity and registration through libqmi's typed clients. See CModem/identity.h.
 *
 * A read is a list of steps; each asks the modem one thing and comes back to `advance`. The client of a service is allocated
 * when the first step of its service comes and released when the next service does. */
#include "CModem/identity.h"

#include <string.h>

#include "cm_identity_files.h"
#include "cm_identity_read.h"
#include "cm_modem_internal.h"

/* Requests in a row without an answer after which a read gives up: the modem hangs, and waiting on helps nobody. */
#define SILENCE_LIMIT 2
/* For an answer that nobody waits for. */
#define RELEASE_SECONDS 5

static void advance(CmIdentityRead *read);

const Step *cm_identity_present(const CmIdentityRead *read) {
  return &cm_identity_steps[read->step];
}

void cm_identity_set_text(CmIdentityRead *read, Field field, const char *text) {
  g_free(read->text[field]);
  read->text[field] = g_strdup(text);
}

void cm_identity_add_reason(CmIdentityRead *read, Field field, const char *source, const char *text) {
  if (!read->reason[field]) read->reason[field] = g_string_new(NULL);
  if (read->reason[field]->len) g_string_append(read->reason[field], "; ");
  g_string_append_printf(read->reason[field], "%s: %s", source, text);
}

void cm_identity_fail(CmIdentityRead *read, const char *text) {
  cm_identity_add_reason(read, cm_identity_present(read)->field, cm_identity_present(read)->name, text);
}

void cm_identity_step_done(CmIdentityRead *read, GError *error) {
  if (error) {
    read->silent = g_error_matches(error, QMI_CORE_ERROR, QMI_CORE_ERROR_TIMEOUT) ? read->silent + 1 : 0;
    if (!read->cancelled) cm_identity_fail(read, error->message);
    g_error_free(error);
  } else {
    read->silent = 0;
  }
  read->step++;
  advance(read);
}

static void release_client(CmIdentityRead *read) {
  if (read->client) {
    qmi_device_release_client(read->device, read->client, QMI_DEVICE_RELEASE_CLIENT_FLAGS_RELEASE_CID, RELEASE_SECONDS,
                              NULL, NULL, NULL);
    g_clear_object(&read->client);
  }
  g_clear_pointer(&read->client_error, g_free);
}

static CmReading reading(CmIdentityRead *read, Field field) {
  if (read->text[field]) return (CmReading){.text = read->text[field]};
  return (CmReading){.reason = read->reason[field] ? read->reason[field]->str : "not asked for"};
}

static void finish(CmIdentityRead *read) {
  release_client(read);
  if (!read->text[HOME_NETWORK] && read->text[IMSI] && read->mnc_digits) {
    char code[CM_IDENTITY_DIGITS];
    size_t count = MIN(strlen(read->text[IMSI]), 3 + read->mnc_digits);
    memcpy(code, read->text[IMSI], count);
    code[count] = 0;
    cm_identity_set_text(read, HOME_NETWORK, code);
  }
  if (!read->cancelled) {
    CmIdentity identity = {
        .imei = reading(read, IMEI),
        .imsi = reading(read, IMSI),
        .iccid = reading(read, ICCID),
        .msisdn = reading(read, MSISDN),
        .home_network = reading(read, HOME_NETWORK),
        .sim_state = read->sim_state,
        .sim_state_reason = read->sim_state == CM_SIM_UNKNOWN ? reading(read, SIM_STATE).reason : NULL,
        .registration = read->registration,
        .registration_reason =
            read->registration == CM_REGISTRATION_UNKNOWN ? reading(read, REGISTRATION).reason : NULL,
        .roaming = read->roaming,
        .serving_network = reading(read, SERVING_NETWORK),
    };
    read->fn(&identity, read->user_data);
  }
  for (Field field = 0; field < FIELD_COUNT; field++) {
    /* Identities do not stay in memory that is handed on. */
    if (read->text[field]) explicit_bzero(read->text[field], strlen(read->text[field]));
    g_free(read->text[field]);
    if (read->reason[field]) g_string_free(read->reason[field], TRUE);
  }
  g_clear_object(&read->device);
  g_free(read->given_up);
  g_free(read);
}

static void client_allocated(GObject *source, GAsyncResult *result, gpointer data) {
  CmIdentityRead *read = data;
  GError *error = NULL;
  read->client = qmi_device_allocate_client_finish(QMI_DEVICE(source), result, &error);
  if (!read->client) {
    read->silent = g_error_matches(error, QMI_CORE_ERROR, QMI_CORE_ERROR_TIMEOUT) ? read->silent + 1 : 0;
    read->client_error = g_strdup_printf("no client id: %s", error->message);
    g_error_free(error);
  } else {
    read->silent = 0;
  }
  advance(read);
}

static bool is_wanted(const CmIdentityRead *read, const Step *step) {
  return (read->scope == CM_IDENTITY_ALL || step->serving) && (!step->needed || step->needed(read));
}

/* Notes why a step that is not taken brings nothing. */
static void skip(CmIdentityRead *read, const char *reason) {
  const Step *step = cm_identity_present(read);
  cm_identity_fail(read, reason);
  if (step->field == REGISTRATION) cm_identity_add_reason(read, SERVING_NETWORK, step->name, reason);
  read->step++;
}

static void advance(CmIdentityRead *read) {
  while (read->step < cm_identity_step_count && !read->cancelled) {
    const Step *step = cm_identity_present(read);
    if (!is_wanted(read, step)) {
      read->step++;
      continue;
    }
    if (!read->given_up && read->silent >= SILENCE_LIMIT) read->given_up = g_strdup("the modem does not answer");
    if (!read->given_up && !qmi_device_is_open(read->device)) read->given_up = g_strdup("the device is not open");
    if (read->given_up) {
      skip(read, read->given_up);
      continue;
    }
    if (read->service != step->service) {
      release_client(read);
      read->service = step->service;
      qmi_device_allocate_client(read->device, step->service, QMI_CID_NONE, read->step_seconds, NULL, client_allocated,
                                 read);
      return;
    }
    if (!read->client) {
      skip(read, read->client_error ? read->client_error : "no client id");
      continue;
    }
    step->start(read);
    return;
  }
  finish(read);
}

static gboolean start(gpointer data) {
  CmIdentityRead *read = data;
  if (!read->device) {
    while (read->step < cm_identity_step_count) {
      if (is_wanted(read, cm_identity_present(read))) {
        skip(read, "the device is not open");
      } else {
        read->step++;
      }
    }
    finish(read);
  } else {
    advance(read);
  }
  return G_SOURCE_REMOVE;
}

CmIdentityRead *cm_identity_read(CmModem *modem, CmIdentityScope scope, uint32_t step_seconds, cm_identity_fn fn,
                                 void *user_data) {
  CmIdentityRead *read = g_new0(CmIdentityRead, 1);
  QmiDevice *device = cm_modem_device(modem);
  if (device) read->device = g_object_ref(device);
  read->scope = scope;
  read->step_seconds = step_seconds ? step_seconds : 1;
  read->fn = fn;
  read->user_data = user_data;
  read->service = QMI_SERVICE_UNKNOWN;
  g_idle_add_full(G_PRIORITY_DEFAULT, start, read, NULL);
  return read;
}

void cm_identity_cancel(CmIdentityRead *read) {
  if (read) read->cancelled = true;
}
