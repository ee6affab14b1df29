/* What a read of the identity asks a modem: one function to ask and one to take the answer for each. See cm_identity.c. */
#include <string.h>

#include "cm_identity_files.h"
#include "cm_identity_read.h"

/* --- UIM --------------------------------------------------------------------------------------------------------- */

static void set_imsi(CmIdentityRead *read, const GArray *file) {
  char digits[CM_IDENTITY_DIGITS];
  if (cm_identity_imsi((const uint8_t *)file->data, file->len, digits)) {
    cm_identity_set_text(read, IMSI, digits);
  } else {
    cm_identity_fail(read, "not an IMSI");
  }
}

static void set_iccid(CmIdentityRead *read, const GArray *file) {
  char digits[CM_IDENTITY_DIGITS];
  if (cm_identity_iccid((const uint8_t *)file->data, file->len, digits)) {
    cm_identity_set_text(read, ICCID, digits);
  } else {
    cm_identity_fail(read, "not an ICCID");
  }
}

static void set_mnc_digits(CmIdentityRead *read, const GArray *file) {
  read->mnc_digits = cm_identity_mnc_digits((const uint8_t *)file->data, file->len);
  if (!read->mnc_digits) cm_identity_fail(read, "does not tell how long the network code is");
}

static void set_msisdn(CmIdentityRead *read, const GArray *file) {
  char digits[CM_IDENTITY_DIGITS];
  if (cm_identity_msisdn((const uint8_t *)file->data, file->len, digits)) {
    cm_identity_set_text(read, MSISDN, digits);
  } else {
    cm_identity_fail(read, "no number stored");
  }
}

/* What to do with the content of the file that the present step reads. */
static void take_file(CmIdentityRead *read, const GArray *file) {
  switch (cm_identity_present(read)->field) {
    case IMSI: set_imsi(read, file); break;
    case ICCID: set_iccid(read, file); break;
    case HOME_NETWORK: set_mnc_digits(read, file); break;
    default: set_msisdn(read, file); break;
  }
}

static GArray *octets_new(const guint8 *octets, guint count) {
  GArray *array = g_array_sized_new(FALSE, FALSE, 1, count);
  return g_array_append_vals(array, octets, count);
}

/* The paths of the master file, and of the USIM application below it; each id low octet first. */
static const guint8 master_file[] = {0x00, 0x3F};
static const guint8 usim_application[] = {0x00, 0x3F, 0xFF, 0x7F};

static void transparent_read(GObject *source, GAsyncResult *result, gpointer data) {
  CmIdentityRead *read = data;
  GError *error = NULL;
  GArray *file = NULL;
  QmiMessageUimReadTransparentOutput *output =
      qmi_client_uim_read_transparent_finish(QMI_CLIENT_UIM(source), result, &error);
  if (output && qmi_message_uim_read_transparent_output_get_result(output, &error) &&
      qmi_message_uim_read_transparent_output_get_read_result(output, &file, &error)) {
    take_file(read, file);
  }
  if (output) qmi_message_uim_read_transparent_output_unref(output);
  cm_identity_step_done(read, error);
}

static void read_transparent(CmIdentityRead *read, guint16 file_id, const guint8 *path, guint path_octets) {
  QmiMessageUimReadTransparentInput *input = qmi_message_uim_read_transparent_input_new();
  GArray *application = octets_new(NULL, 0);
  GArray *file_path = octets_new(path, path_octets);
  qmi_message_uim_read_transparent_input_set_session(input, QMI_UIM_SESSION_TYPE_PRIMARY_GW_PROVISIONING, application,
                                                     NULL);
  qmi_message_uim_read_transparent_input_set_file(input, file_id, file_path, NULL);
  qmi_message_uim_read_transparent_input_set_read_information(input, 0, 0, NULL);
  g_array_unref(application);
  g_array_unref(file_path);
  qmi_client_uim_read_transparent(QMI_CLIENT_UIM(read->client), input, read->step_seconds, NULL, transparent_read, read);
  qmi_message_uim_read_transparent_input_unref(input);
}

static void read_imsi_file(CmIdentityRead *read) {
  read_transparent(read, 0x6F07, usim_application, sizeof usim_application);
}

static void read_iccid_file(CmIdentityRead *read) {
  read_transparent(read, 0x2FE2, master_file, sizeof master_file);
}

static void read_administrative_file(CmIdentityRead *read) {
  read_transparent(read, 0x6FAD, usim_application, sizeof usim_application);
}

static void record_read(GObject *source, GAsyncResult *result, gpointer data) {
  CmIdentityRead *read = data;
  GError *error = NULL;
  GArray *record = NULL;
  QmiMessageUimReadRecordOutput *output = qmi_client_uim_read_record_finish(QMI_CLIENT_UIM(source), result, &error);
  if (output && qmi_message_uim_read_record_output_get_result(output, &error) &&
      qmi_message_uim_read_record_output_get_read_result(output, &record, &error)) {
    take_file(read, record);
  }
  if (output) qmi_message_uim_read_record_output_unref(output);
  cm_identity_step_done(read, error);
}

/* EF_MSISDN is a file of records (3GPP TS 31.102 section 4.2.26); the first is the number to show. */
static void read_msisdn_record(CmIdentityRead *read) {
  QmiMessageUimReadRecordInput *input = qmi_message_uim_read_record_input_new();
  GArray *application = octets_new(NULL, 0);
  GArray *file_path = octets_new(usim_application, sizeof usim_application);
  qmi_message_uim_read_record_input_set_session(input, QMI_UIM_SESSION_TYPE_PRIMARY_GW_PROVISIONING, application, NULL);
  qmi_message_uim_read_record_input_set_file(input, 0x6F40, file_path, NULL);
  qmi_message_uim_read_record_input_set_record(input, 1, 0, NULL);
  g_array_unref(application);
  g_array_unref(file_path);
  qmi_client_uim_read_record(QMI_CLIENT_UIM(read->client), input, read->step_seconds, NULL, record_read, read);
  qmi_message_uim_read_record_input_unref(input);
}

/* Some modems serve it as if it were transparent, when they refuse to read a record. */
static void read_msisdn_file(CmIdentityRead *read) {
  read_transparent(read, 0x6F40, usim_application, sizeof usim_application);
}

static CmSIMState application_state(const QmiMessageUimGetCardStatusOutputCardStatusCardsElementApplicationsElement *app) {
  switch (app->state) {
    case QMI_UIM_CARD_APPLICATION_STATE_READY: return CM_SIM_READY;
    case QMI_UIM_CARD_APPLICATION_STATE_PIN1_OR_UPIN_PIN_REQUIRED: return CM_SIM_PIN_REQUIRED;
    case QMI_UIM_CARD_APPLICATION_STATE_PUK1_OR_UPIN_PUK_REQUIRED: return CM_SIM_PUK_REQUIRED;
    case QMI_UIM_CARD_APPLICATION_STATE_PIN1_BLOCKED: return CM_SIM_BLOCKED;
    case QMI_UIM_CARD_APPLICATION_STATE_ILLEGAL: return CM_SIM_ERROR;
    default: return CM_SIM_NOT_READY;
  }
}

static CmSIMState card_state(const GArray *cards, guint16 primary) {
  /* High octet: card; low octet: application on it; 0xFFFF: none chosen, then the first card speaks. */
  guint card_index = primary == 0xFFFF ? 0 : primary >> 8;
  if (card_index >= cards->len) return CM_SIM_ABSENT;
  const QmiMessageUimGetCardStatusOutputCardStatusCardsElement *card =
      &g_array_index(cards, QmiMessageUimGetCardStatusOutputCardStatusCardsElement, card_index);
  if (card->card_state == QMI_UIM_CARD_STATE_ABSENT) return CM_SIM_ABSENT;
  if (card->card_state == QMI_UIM_CARD_STATE_ERROR) return CM_SIM_ERROR;
  for (guint i = 0; i < card->applications->len; i++) {
    const QmiMessageUimGetCardStatusOutputCardStatusCardsElementApplicationsElement *application = &g_array_index(
        card->applications, QmiMessageUimGetCardStatusOutputCardStatusCardsElementApplicationsElement, i);
    bool chosen = primary == 0xFFFF ? application->type == QMI_UIM_CARD_APPLICATION_TYPE_SIM ||
                                          application->type == QMI_UIM_CARD_APPLICATION_TYPE_USIM
                                    : i == (primary & 0xFFu);
    if (chosen) return application_state(application);
  }
  return CM_SIM_NOT_READY;
}

static void card_status_read(GObject *source, GAsyncResult *result, gpointer data) {
  CmIdentityRead *read = data;
  GError *error = NULL;
  guint16 primary;
  GArray *cards;
  QmiMessageUimGetCardStatusOutput *output =
      qmi_client_uim_get_card_status_finish(QMI_CLIENT_UIM(source), result, &error);
  if (output && qmi_message_uim_get_card_status_output_get_result(output, &error) &&
      qmi_message_uim_get_card_status_output_get_card_status(output, &primary, NULL, NULL, NULL, &cards, &error)) {
    read->sim_state = card_state(cards, primary);
  }
  if (output) qmi_message_uim_get_card_status_output_unref(output);
  cm_identity_step_done(read, error);
}

static void read_card_status(CmIdentityRead *read) {
  qmi_client_uim_get_card_status(QMI_CLIENT_UIM(read->client), NULL, read->step_seconds, NULL, card_status_read, read);
}

/* --- DMS --------------------------------------------------------------------------------------------------------- */

static void take_text(CmIdentityRead *read, const char *text) {
  if (text && *text && strcmp(text, "0") != 0) {
    cm_identity_set_text(read, cm_identity_present(read)->field, text);
  } else {
    cm_identity_fail(read, "empty");
  }
}

static void ids_read(GObject *source, GAsyncResult *result, gpointer data) {
  CmIdentityRead *read = data;
  GError *error = NULL;
  const char *text;
  QmiMessageDmsGetIdsOutput *output = qmi_client_dms_get_ids_finish(QMI_CLIENT_DMS(source), result, &error);
  if (output && qmi_message_dms_get_ids_output_get_result(output, &error) &&
      qmi_message_dms_get_ids_output_get_imei(output, &text, &error)) {
    take_text(read, text);
  }
  if (output) qmi_message_dms_get_ids_output_unref(output);
  cm_identity_step_done(read, error);
}

static void read_ids(CmIdentityRead *read) {
  qmi_client_dms_get_ids(QMI_CLIENT_DMS(read->client), NULL, read->step_seconds, NULL, ids_read, read);
}

static void dms_msisdn_read(GObject *source, GAsyncResult *result, gpointer data) {
  CmIdentityRead *read = data;
  GError *error = NULL;
  const char *text;
  QmiMessageDmsGetMsisdnOutput *output = qmi_client_dms_get_msisdn_finish(QMI_CLIENT_DMS(source), result, &error);
  if (output && qmi_message_dms_get_msisdn_output_get_result(output, &error) &&
      qmi_message_dms_get_msisdn_output_get_msisdn(output, &text, &error)) {
    take_text(read, text);
  }
  if (output) qmi_message_dms_get_msisdn_output_unref(output);
  cm_identity_step_done(read, error);
}

static void read_dms_msisdn(CmIdentityRead *read) {
  qmi_client_dms_get_msisdn(QMI_CLIENT_DMS(read->client), NULL, read->step_seconds, NULL, dms_msisdn_read, read);
}

static void dms_imsi_read(GObject *source, GAsyncResult *result, gpointer data) {
  CmIdentityRead *read = data;
  GError *error = NULL;
  const char *text;
  QmiMessageDmsUimGetImsiOutput *output = qmi_client_dms_uim_get_imsi_finish(QMI_CLIENT_DMS(source), result, &error);
  if (output && qmi_message_dms_uim_get_imsi_output_get_result(output, &error) &&
      qmi_message_dms_uim_get_imsi_output_get_imsi(output, &text, &error)) {
    take_text(read, text);
  }
  if (output) qmi_message_dms_uim_get_imsi_output_unref(output);
  cm_identity_step_done(read, error);
}

static void read_dms_imsi(CmIdentityRead *read) {
  qmi_client_dms_uim_get_imsi(QMI_CLIENT_DMS(read->client), NULL, read->step_seconds, NULL, dms_imsi_read, read);
}

static void dms_iccid_read(GObject *source, GAsyncResult *result, gpointer data) {
  CmIdentityRead *read = data;
  GError *error = NULL;
  const char *text;
  QmiMessageDmsUimGetIccidOutput *output = qmi_client_dms_uim_get_iccid_finish(QMI_CLIENT_DMS(source), result, &error);
  if (output && qmi_message_dms_uim_get_iccid_output_get_result(output, &error) &&
      qmi_message_dms_uim_get_iccid_output_get_iccid(output, &text, &error)) {
    take_text(read, text);
  }
  if (output) qmi_message_dms_uim_get_iccid_output_unref(output);
  cm_identity_step_done(read, error);
}

static void read_dms_iccid(CmIdentityRead *read) {
  qmi_client_dms_uim_get_iccid(QMI_CLIENT_DMS(read->client), NULL, read->step_seconds, NULL, dms_iccid_read, read);
}

static void dms_state_read(GObject *source, GAsyncResult *result, gpointer data) {
  CmIdentityRead *read = data;
  GError *error = NULL;
  QmiDmsUimState state;
  QmiMessageDmsUimGetStateOutput *output = qmi_client_dms_uim_get_state_finish(QMI_CLIENT_DMS(source), result, &error);
  if (output && qmi_message_dms_uim_get_state_output_get_result(output, &error) &&
      qmi_message_dms_uim_get_state_output_get_state(output, &state, &error)) {
    switch (state) {
      case QMI_DMS_UIM_STATE_INITIALIZATION_COMPLETED: read->sim_state = CM_SIM_READY; break;
      case QMI_DMS_UIM_STATE_LOCKED_OR_FAILED: read->sim_state = CM_SIM_PIN_REQUIRED; break;
      case QMI_DMS_UIM_STATE_NOT_PRESENT: read->sim_state = CM_SIM_ABSENT; break;
      default: cm_identity_fail(read, "not known to the modem"); break;
    }
  }
  if (output) qmi_message_dms_uim_get_state_output_unref(output);
  cm_identity_step_done(read, error);
}

static void read_dms_state(CmIdentityRead *read) {
  qmi_client_dms_uim_get_state(QMI_CLIENT_DMS(read->client), NULL, read->step_seconds, NULL, dms_state_read, read);
}

/* --- NAS --------------------------------------------------------------------------------------------------------- */

static void home_network_read(GObject *source, GAsyncResult *result, gpointer data) {
  CmIdentityRead *read = data;
  GError *error = NULL;
  guint16 mcc, mnc;
  QmiMessageNasGetHomeNetworkOutput *output =
      qmi_client_nas_get_home_network_finish(QMI_CLIENT_NAS(source), result, &error);
  if (output && qmi_message_nas_get_home_network_output_get_result(output, &error) &&
      qmi_message_nas_get_home_network_output_get_home_network(output, &mcc, &mnc, NULL, &error)) {
    gboolean is_3gpp = FALSE, three = FALSE;
    qmi_message_nas_get_home_network_output_get_home_network_3gpp_mnc(output, &is_3gpp, &three, NULL);
    char code[CM_IDENTITY_DIGITS];
    if (cm_identity_network_code(mcc, mnc, is_3gpp && three, code)) {
      cm_identity_set_text(read, HOME_NETWORK, code);
    } else {
      cm_identity_fail(read, "not a network code");
    }
  }
  if (output) qmi_message_nas_get_home_network_output_unref(output);
  cm_identity_step_done(read, error);
}

static void read_home_network(CmIdentityRead *read) {
  qmi_client_nas_get_home_network(QMI_CLIENT_NAS(read->client), NULL, read->step_seconds, NULL, home_network_read, read);
}

static void take_serving_network(CmIdentityRead *read, QmiMessageNasGetServingSystemOutput *output) {
  guint16 mcc, mnc, detailed_mcc, detailed_mnc;
  gboolean three = FALSE;
  char code[CM_IDENTITY_DIGITS];
  const char *name = cm_identity_present(read)->name;
  if (!qmi_message_nas_get_serving_system_output_get_current_plmn(output, &mcc, &mnc, NULL, NULL)) {
    cm_identity_add_reason(read, SERVING_NETWORK, name, "no network");
    return;
  }
  if (qmi_message_nas_get_serving_system_output_get_mnc_pcs_digit_include_status(output, &detailed_mcc, &detailed_mnc,
                                                                                 &three, NULL) &&
      (detailed_mcc != mcc || detailed_mnc != mnc)) {
    three = FALSE;
  }
  if (cm_identity_network_code(mcc, mnc, three, code)) {
    cm_identity_set_text(read, SERVING_NETWORK, code);
  } else {
    cm_identity_add_reason(read, SERVING_NETWORK, name, "not a network code");
  }
}

static void serving_system_read(GObject *source, GAsyncResult *result, gpointer data) {
  CmIdentityRead *read = data;
  GError *error = NULL;
  QmiNasRegistrationState state;
  QmiMessageNasGetServingSystemOutput *output =
      qmi_client_nas_get_serving_system_finish(QMI_CLIENT_NAS(source), result, &error);
  if (output && qmi_message_nas_get_serving_system_output_get_result(output, &error) &&
      qmi_message_nas_get_serving_system_output_get_serving_system(output, &state, NULL, NULL, NULL, NULL, &error)) {
    switch (state) {
      case QMI_NAS_REGISTRATION_STATE_NOT_REGISTERED: read->registration = CM_REGISTRATION_NONE; break;
      case QMI_NAS_REGISTRATION_STATE_REGISTERED: read->registration = CM_REGISTRATION_REGISTERED; break;
      case QMI_NAS_REGISTRATION_STATE_NOT_REGISTERED_SEARCHING: read->registration = CM_REGISTRATION_SEARCHING; break;
      case QMI_NAS_REGISTRATION_STATE_REGISTRATION_DENIED: read->registration = CM_REGISTRATION_DENIED; break;
      default: cm_identity_fail(read, "not known to the modem"); break;
    }
    QmiNasRoamingIndicatorStatus roaming;
    if (qmi_message_nas_get_serving_system_output_get_roaming_indicator(output, &roaming, NULL)) {
      read->roaming = roaming == QMI_NAS_ROAMING_INDICATOR_STATUS_ON ? CM_ROAMING_ROAMING : CM_ROAMING_HOME;
    }
    take_serving_network(read, output);
  } else if (error && !read->cancelled) {
    cm_identity_add_reason(read, SERVING_NETWORK, cm_identity_present(read)->name, error->message);
  }
  if (output) qmi_message_nas_get_serving_system_output_unref(output);
  cm_identity_step_done(read, error);
}

static void read_serving_system(CmIdentityRead *read) {
  qmi_client_nas_get_serving_system(QMI_CLIENT_NAS(read->client), NULL, read->step_seconds, NULL, serving_system_read,
                                    read);
}

/* --- The steps --------------------------------------------------------------------------------------------------- */

static bool no_imsi(const CmIdentityRead *read) { return !read->text[IMSI]; }
static bool no_iccid(const CmIdentityRead *read) { return !read->text[ICCID]; }
static bool no_msisdn(const CmIdentityRead *read) { return !read->text[MSISDN]; }
static bool no_sim_state(const CmIdentityRead *read) { return read->sim_state == CM_SIM_UNKNOWN; }

/* NAS tells the home network as one; otherwise it is the head of the IMSI, as long as EF_AD says. */
static bool home_network_from_imsi(const CmIdentityRead *read) { return !read->text[HOME_NETWORK] && read->text[IMSI]; }

/* In order: DMS knows the number better than the SIM does, so UIM comes again at the end, when it is needed. */
const Step cm_identity_steps[] = {
    {QMI_SERVICE_UIM, SIM_STATE, "UIM Get Card Status", false, NULL, read_card_status},
    {QMI_SERVICE_UIM, IMSI, "UIM EF_IMSI", false, NULL, read_imsi_file},
    {QMI_SERVICE_UIM, ICCID, "UIM EF_ICCID", false, NULL, read_iccid_file},
    {QMI_SERVICE_DMS, IMEI, "DMS Get IDs", false, NULL, read_ids},
    {QMI_SERVICE_DMS, MSISDN, "DMS Get MSISDN", false, NULL, read_dms_msisdn},
    {QMI_SERVICE_DMS, IMSI, "DMS UIM Get IMSI", false, no_imsi, read_dms_imsi},
    {QMI_SERVICE_DMS, ICCID, "DMS UIM Get ICCID", false, no_iccid, read_dms_iccid},
    {QMI_SERVICE_DMS, SIM_STATE, "DMS UIM Get State", false, no_sim_state, read_dms_state},
    {QMI_SERVICE_NAS, REGISTRATION, "NAS Get Serving System", true, NULL, read_serving_system},
    {QMI_SERVICE_NAS, HOME_NETWORK, "NAS Get Home Network", false, NULL, read_home_network},
    {QMI_SERVICE_UIM, HOME_NETWORK, "UIM EF_AD", false, home_network_from_imsi, read_administrative_file},
    {QMI_SERVICE_UIM, MSISDN, "UIM EF_MSISDN", false, no_msisdn, read_msisdn_record},
    {QMI_SERVICE_UIM, MSISDN, "UIM EF_MSISDN as a whole", false, no_msisdn, read_msisdn_file},
};
const size_t cm_identity_step_count = G_N_ELEMENTS(cm_identity_steps);
