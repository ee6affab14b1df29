/* See cm_modem_descriptor.h. libqmi opens the device inside qmi_device_open itself, so what is new after it is the device. */
#include "cm_modem_descriptor.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

/* Descriptors looked at: new ones get the lowest free numbers, and a proxy with more open is not to be expected. */
#define DESCRIPTOR_LIMIT 1024

struct CmDescriptorSet {
  /* The device number of each open descriptor of a character device, 0 for the others. */
  dev_t device[DESCRIPTOR_LIMIT];
};

static dev_t character_device(int descriptor) {
  struct stat status;
  return fstat(descriptor, &status) == 0 && S_ISCHR(status.st_mode) ? status.st_rdev : 0;
}

CmDescriptorSet *cm_descriptor_set_of_open(void) {
  CmDescriptorSet *set = g_new0(CmDescriptorSet, 1);
  for (int i = 0; i < DESCRIPTOR_LIMIT; i++) set->device[i] = character_device(i);
  return set;
}

int cm_descriptor_set_find_new(const CmDescriptorSet *set, const char *path) {
  struct stat status;
  if (!set || stat(path, &status) < 0 || !S_ISCHR(status.st_mode)) return -1;
  for (int i = 0; i < DESCRIPTOR_LIMIT; i++) {
    if (set->device[i] != status.st_rdev && character_device(i) == status.st_rdev) return i;
  }
  return -1;
}

void cm_descriptor_set_free(CmDescriptorSet *set) {
  g_free(set);
}
