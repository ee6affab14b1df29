#include "CModem/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

// Names of files that are being written. They begin with a dot, which no name of ours does.
#define TEMPORARY_PREFIX ".new-"
#define LONGEST_NAME 200
// Names of the files that are about to be replaced together, each ending with a zero octet.
#define COMMIT_LIST ".commit"
#define COMMIT_LIST_LIMIT (1 << 20)

static bool is_plain(const char *name) {
  size_t count = strlen(name);
  return count > 0 && count <= LONGEST_NAME && name[0] != '.' && !strchr(name, '/');
}

static int sync_directory(const char *path) {
  int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return -errno;
  int result = fsync(descriptor) < 0 ? -errno : 0;
  close(descriptor);
  return result;
}

// Makes `path`, a writable copy, and its missing parents; each made one is durable in its parent.
static int make_directories(char *path) {
  for (char *slash = path + 1;; slash++) {
    bool last = *slash == 0;
    if (!last && *slash != '/') continue;
    *slash = 0;
    if (mkdir(path, 0700) == 0) {
      char *parent_end = strrchr(path, '/');
      int result;
      if (!parent_end) {
        result = sync_directory(".");
      } else if (parent_end == path) {
        result = sync_directory("/");
      } else {
        *parent_end = 0;
        result = sync_directory(path);
        *parent_end = '/';
      }
      if (result < 0) return result;
    } else if (errno != EEXIST) {
      return -errno;
    }
    if (last) return 0;
    *slash = '/';
  }
}

// Takes `descriptor`.
static int make_private(int descriptor) {
  if (descriptor < 0) return -errno;
  struct stat status;
  int result = descriptor;
  if (fstat(descriptor, &status) < 0)
    result = -errno;
  else if (status.st_uid != geteuid())
    result = -EPERM;
  else if ((status.st_mode & 077) != 0 && fchmod(descriptor, 0700) < 0)
    result = -errno;
  if (result < 0) close(descriptor);
  return result;
}

int cm_file_open_directory(const char *path) {
  if (!*path) return -EINVAL;
  char *copy = strdup(path);
  if (!copy) return -ENOMEM;
  int result = make_directories(copy);
  free(copy);
  if (result < 0) return result;
  return make_private(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

int cm_file_open_subdirectory(int directory, const char *name) {
  if (!is_plain(name)) return -EINVAL;
  if (mkdirat(directory, name, 0700) == 0) {
    if (fsync(directory) < 0) return -errno;
  } else if (errno != EEXIST) {
    return -errno;
  }
  return make_private(openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

void cm_file_close(int descriptor) {
  if (descriptor >= 0) close(descriptor);
}

int cm_file_lock_directory(int directory) {
  return flock(directory, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}

static int write_all(int descriptor, const uint8_t *octets, size_t count) {
  while (count > 0) {
    ssize_t written = write(descriptor, octets, count);
    if (written < 0) {
      if (errno == EINTR) continue;
      return -errno;
    }
    octets += written;
    count -= (size_t)written;
  }
  return 0;
}

typedef char TemporaryName[sizeof TEMPORARY_PREFIX + LONGEST_NAME];

static void name_temporary(TemporaryName temporary, const char *name) {
  snprintf(temporary, sizeof(TemporaryName), "%s%s", TEMPORARY_PREFIX, name);
}

// Writes a file that is not there for anybody yet, durable but for its name.
static int write_temporary(int directory, const char *temporary, const uint8_t *octets, size_t count) {
  int descriptor = openat(directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor < 0) return -errno;
  int result = write_all(descriptor, octets, count);
  if (result == 0 && fsync(descriptor) < 0) result = -errno;
  if (close(descriptor) < 0 && result == 0) result = -errno;
  if (result < 0) unlinkat(directory, temporary, 0);
  return result;
}

// Gives a file its name, durably.
static int write_whole(int directory, const char *temporary, const char *name, const uint8_t *octets, size_t count) {
  int result = write_temporary(directory, temporary, octets, count);
  if (result < 0) return result;
  if (renameat(directory, temporary, directory, name) < 0) {
    result = -errno;
    unlinkat(directory, temporary, 0);
    return result;
  }
  return fsync(directory) < 0 ? -errno : 0;
}

int cm_file_write(int directory, const char *name, const uint8_t *octets, size_t count) {
  if (!is_plain(name)) return -EINVAL;
  TemporaryName temporary;
  name_temporary(temporary, name);
  return write_whole(directory, temporary, name, octets, count);
}

static int remove_durably(int directory, const char *name) {
  if (unlinkat(directory, name, 0) < 0) return -errno;
  return fsync(directory) < 0 ? -errno : 0;
}

int cm_file_write_several(int directory, const CmFileContents *files, size_t count) {
  size_t list_count = 0;
  for (size_t i = 0; i < count; i++) {
    if (!is_plain(files[i].name)) return -EINVAL;
    list_count += strlen(files[i].name) + 1;
  }
  if (list_count > COMMIT_LIST_LIMIT) return -E2BIG;
  if (count == 0) return 0;
  if (count == 1) return cm_file_write(directory, files[0].name, files[0].octets, files[0].count);
  char *list = malloc(list_count);
  if (!list) return -ENOMEM;
  TemporaryName temporary;
  int result = 0;
  size_t written = 0, filled = 0;
  for (; written < count && result == 0; written++) {
    name_temporary(temporary, files[written].name);
    result = write_temporary(directory, temporary, files[written].octets, files[written].count);
    if (result < 0) break;
    size_t size = strlen(files[written].name) + 1;
    memcpy(list + filled, files[written].name, size);
    filled += size;
  }
  // From here on all of them are there, or will be after a crash: the list is what decides.
  if (result == 0)
    result = write_whole(directory, TEMPORARY_PREFIX COMMIT_LIST, COMMIT_LIST, (const uint8_t *)list, filled);
  free(list);
  size_t renamed = 0;
  for (; renamed < count && result == 0; renamed++) {
    name_temporary(temporary, files[renamed].name);
    if (renameat(directory, temporary, directory, files[renamed].name) < 0) {
      result = -errno;
      break;
    }
  }
  if (result == 0 && fsync(directory) < 0) result = -errno;
  if (result == 0) result = remove_durably(directory, COMMIT_LIST);
  if (result == 0) return 0;
  // None of them. The list goes first, wherever it failed: without it what follows may be interrupted, and a list that stayed
  // would take a later temporary file for whole.
  remove_durably(directory, COMMIT_LIST);
  for (size_t i = 0; i < renamed; i++) unlinkat(directory, files[i].name, 0);
  for (size_t i = renamed; i < written; i++) {
    name_temporary(temporary, files[i].name);
    unlinkat(directory, temporary, 0);
  }
  fsync(directory);
  return result;
}

// Reads to the end of the file. Takes `descriptor`.
static int read_all(int descriptor, size_t limit, uint8_t **octets, size_t *count) {
  size_t room = 4096;
  size_t filled = 0;
  uint8_t *buffer = malloc(room);
  int result = buffer ? 0 : -ENOMEM;
  while (result == 0) {
    if (filled == room) {
      uint8_t *larger = realloc(buffer, room * 2);
      if (!larger) {
        result = -ENOMEM;
        break;
      }
      buffer = larger;
      room *= 2;
    }
    ssize_t got = read(descriptor, buffer + filled, room - filled);
    if (got == 0) break;
    if (got > 0)
      filled += (size_t)got;
    else if (errno != EINTR)
      result = -errno;
    if (filled > limit) result = -EFBIG;
  }
  close(descriptor);
  if (result < 0) {
    free(buffer);
    return result;
  }
  *octets = buffer;
  *count = filled;
  return 0;
}

int cm_file_read(int directory, const char *name, size_t limit, uint8_t **octets, size_t *count) {
  if (!is_plain(name)) return -EINVAL;
  int descriptor = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return -errno;
  struct stat status;
  int result = fstat(descriptor, &status) < 0 ? -errno : S_ISREG(status.st_mode) ? 0 : -EINVAL;
  if (result < 0) {
    close(descriptor);
    return result;
  }
  return read_all(descriptor, limit, octets, count);
}

int cm_file_read_path(const char *path, size_t limit, uint8_t **octets, size_t *count) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return -errno;
  return read_all(descriptor, limit, octets, count);
}

void cm_file_octets_free(uint8_t *octets) {
  free(octets);
}

int cm_file_remove(int directory, const char *name) {
  if (!is_plain(name)) return -EINVAL;
  return remove_durably(directory, name);
}

int cm_file_rename(int directory, const char *name, const char *new_name) {
  if (!is_plain(name) || !is_plain(new_name)) return -EINVAL;
  if (renameat(directory, name, directory, new_name) < 0) return -errno;
  return fsync(directory) < 0 ? -errno : 0;
}

// Calls `found` for each entry of `directory`.
static int each_entry(int directory, void (*found)(int directory, const struct dirent *entry, void *context),
                      void *context) {
  // A descriptor of its own: reading moves the position, which copies share.
  int descriptor = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return -errno;
  DIR *stream = fdopendir(descriptor);
  if (!stream) {
    int result = -errno;
    close(descriptor);
    return result;
  }
  int result = 0;
  for (;;) {
    errno = 0;
    const struct dirent *entry = readdir(stream);
    if (!entry) {
      result = -errno;
      break;
    }
    found(directory, entry, context);
  }
  closedir(stream);
  return result;
}

typedef struct {
  void (*found)(void *user_data, const char *name);
  void *user_data;
} Listing;

static void list_entry(int directory, const struct dirent *entry, void *context) {
  const Listing *listing = context;
  if (entry->d_name[0] == '.') return;
  if (entry->d_type == DT_UNKNOWN) {
    struct stat status;
    if (fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(status.st_mode)) return;
  } else if (entry->d_type != DT_REG) {
    return;
  }
  listing->found(listing->user_data, entry->d_name);
}

int cm_file_list(int directory, void (*found)(void *user_data, const char *name), void *user_data) {
  Listing listing = {found, user_data};
  return each_entry(directory, list_entry, &listing);
}

static void sweep_entry(int directory, const struct dirent *entry, void *context) {
  int *problem = context;
  if (strncmp(entry->d_name, TEMPORARY_PREFIX, strlen(TEMPORARY_PREFIX)) == 0) {
    unlinkat(directory, entry->d_name, 0);
    return;
  }
  // No other user gets into the directory now, so that what was looked at is what is changed.
  struct stat status;
  if (fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(status.st_mode)) return;
  if ((status.st_mode & 077) != 0 && fchmodat(directory, entry->d_name, status.st_mode & 0700, 0) < 0) *problem = -errno;
}

// Finishes what a crash interrupted after its list was there.
static int finish_commit(int directory) {
  int descriptor = openat(directory, COMMIT_LIST, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return errno == ENOENT ? 0 : -errno;
  uint8_t *list = NULL;
  size_t count = 0;
  int result = read_all(descriptor, COMMIT_LIST_LIMIT, &list, &count);
  if (result < 0) return result;
  size_t start = 0;
  for (size_t i = 0; i < count; i++) {
    if (list[i] != 0) continue;
    const char *name = (const char *)list + start;
    start = i + 1;
    TemporaryName temporary;
    if (!is_plain(name)) continue;
    name_temporary(temporary, name);
    // One that is not there has been given its name before the crash.
    if (renameat(directory, temporary, directory, name) < 0 && errno != ENOENT) result = -errno;
  }
  free(list);
  if (result == 0 && fsync(directory) < 0) result = -errno;
  return result < 0 ? result : remove_durably(directory, COMMIT_LIST);
}

int cm_file_sweep(int directory) {
  int result = finish_commit(directory);
  if (result < 0) return result;
  int problem = 0;
  result = each_entry(directory, sweep_entry, &problem);
  return result < 0 ? result : problem;
}

// --- Logs -------------------------------------------------------------------------------------------

int cm_file_open_append(const char *path) {
  int descriptor = open(path, O_RDWR | O_APPEND | O_CREAT | O_NOCTTY | O_CLOEXEC, 0600);
  if (descriptor < 0) return -errno;
  // A power cut may have left half a line; what follows begins on a new one.
  struct stat status;
  char last = '\n';
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
      pread(descriptor, &last, 1, status.st_size - 1) == 1 && last != '\n') {
    int result = write_all(descriptor, (const uint8_t *)"\n", 1);
    if (result < 0) {
      close(descriptor);
      return result;
    }
  }
  return descriptor;
}

int cm_file_append(int descriptor, const uint8_t *octets, size_t count) {
  struct stat status;
  bool regular = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  int result = write_all(descriptor, octets, count);
  if (result < 0 && regular && ftruncate(descriptor, status.st_size) < 0) return result;
  return result;
}

bool cm_file_is_current(int descriptor, const char *path) {
  struct stat opened, named;
  return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0 && opened.st_dev == named.st_dev &&
         opened.st_ino == named.st_ino;
}

int cm_file_tail(const char *path, size_t max_lines, size_t max_octets, uint8_t **octets, size_t *count) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return -errno;
  struct stat status;
  int result = fstat(descriptor, &status) < 0 ? -errno : S_ISREG(status.st_mode) ? 0 : -EINVAL;
  size_t size = result == 0 ? (size_t)status.st_size : 0;
  size_t skipped = size > max_octets ? size - max_octets : 0;
  if (result == 0 && lseek(descriptor, (off_t)skipped, SEEK_SET) < 0) result = -errno;
  if (result < 0) {
    close(descriptor);
    return result;
  }
  uint8_t *text = NULL;
  size_t filled = 0;
  // The file may have grown since; what is new is part of the end, within reason.
  result = read_all(descriptor, max_octets + (1 << 20), &text, &filled);
  if (result < 0) return result;
  while (filled > 0 && text[filled - 1] != '\n') filled--;
  size_t start = filled;
  size_t lines = 0;
  while (start > 0 && (text[start - 1] != '\n' || start == filled || lines + 1 < max_lines)) {
    if (text[start - 1] == '\n' && start != filled) lines++;
    start--;
  }
  if (max_lines == 0) start = filled;
  if (start == 0 && skipped > 0) {
    // The first line was cut by the limit.
    const uint8_t *newline = memchr(text, '\n', filled);
    start = newline ? (size_t)(newline - text) + 1 : filled;
  }
  memmove(text, text + start, filled - start);
  *octets = text;
  *count = filled - start;
  return 0;
}
