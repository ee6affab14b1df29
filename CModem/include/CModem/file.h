// Files that must survive a power cut, and a log that is only appended to. Any thread; no shared state.
// Functions that can fail return 0 or more on success and a negative errno on failure.
#ifndef CM_FILE_H
#define CM_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Opens `path` as a directory private to this user, making it and its missing parents (mode 0700) when it
// is not there and taking group and other permissions off when it is. Returns a descriptor (O_CLOEXEC) that
// the caller closes with cm_file_close. -EPERM when it belongs to another user.
int cm_file_open_directory(const char *path);
// The same for `name` directly below an open directory.
int cm_file_open_subdirectory(int directory, const char *name);
void cm_file_close(int descriptor);

// Takes an exclusive lock that lasts until the directory is closed; -EWOULDBLOCK when another process has it.
int cm_file_lock_directory(int directory);

// Replaces `name` below `directory` by `count` octets, whole or not at all: temporary file of mode 0600, fsync,
// rename, fsync of the directory. `name` must be a plain name that does not begin with a dot, else -EINVAL.
int cm_file_write(int directory, const char *name, const uint8_t *octets, size_t count);

typedef struct {
  const char *name;
  const uint8_t *octets;
  size_t count;
} CmFileContents;

// Makes several new files below `directory`, all of them or none, also over a crash or a power cut: they are written under
// temporary names, then a list of their names is made durable, by which cm_file_sweep finishes what was interrupted.
// One at a time in a directory. Names as in cm_file_write; files that are there are not spared when it fails.
int cm_file_write_several(int directory, const CmFileContents *files, size_t count);

// Reads a whole regular file of at most `limit` octets (-EFBIG beyond). On success `*octets` is owned by the
// caller (cm_file_octets_free) and `*count` set. -ENOENT when there is none.
int cm_file_read(int directory, const char *name, size_t limit, uint8_t **octets, size_t *count);
// The same by path, for files that are not state (settings).
int cm_file_read_path(const char *path, size_t limit, uint8_t **octets, size_t *count);
void cm_file_octets_free(uint8_t *octets);

// Removes a file and makes that durable. -ENOENT when there is none.
int cm_file_remove(int directory, const char *name);

// Gives a file another name, durably; a file that has that name is replaced. Names as in cm_file_write.
int cm_file_rename(int directory, const char *name, const char *new_name);

// Names of the regular files in `directory` that do not begin with a dot, in no particular order.
int cm_file_list(int directory, void (*found)(void *user_data, const char *name), void *user_data);
// Finishes a cm_file_write_several that a crash interrupted after all was written, removes the temporary files of others, and takes
// group and other permissions off the regular files that stay: they may have come from elsewhere.
int cm_file_sweep(int directory);

// Opens `path` for appending, made with mode 0600 when it is not there. Returns a descriptor (O_CLOEXEC).
int cm_file_open_append(const char *path);
// Appends `count` octets by one write where the kernel lets it; continues a short one. When that fails the part
// that was written is taken back, so that no half line stays.
int cm_file_append(int descriptor, const uint8_t *octets, size_t count);
// Whether `descriptor` is still what `path` names (false after a log rotation).
bool cm_file_is_current(int descriptor, const char *path);
// The last lines of `path`: at most `max_lines`, from at most its last `max_octets` octets. The octets, ending
// with a newline unless empty, are owned by the caller (cm_file_octets_free).
int cm_file_tail(const char *path, size_t max_lines, size_t max_octets, uint8_t **octets, size_t *count);

#ifdef __cplusplus
}
#endif

#endif
