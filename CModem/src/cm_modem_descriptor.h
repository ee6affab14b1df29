/* Finds the descriptor that libqmi opened, which it has no accessor for. */
#ifndef CM_MODEM_DESCRIPTOR_H
#define CM_MODEM_DESCRIPTOR_H

typedef struct CmDescriptorSet CmDescriptorSet;

/* The character-device descriptors that this process has open now. */
CmDescriptorSet *cm_descriptor_set_of_open(void);

/* A descriptor of the character device at `path` that is open now and was not when the set was made; -1 when there is none. */
int cm_descriptor_set_find_new(const CmDescriptorSet *set, const char *path);

/* Takes NULL. */
void cm_descriptor_set_free(CmDescriptorSet *set);

#endif
