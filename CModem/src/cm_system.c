#include "CModem/system.h"

#include <errno.h>
#include <inttypes.h>
#include <link.h>
#include <malloc.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int cm_system_notify(const char *state) {
  const char *path = getenv("NOTIFY_SOCKET");
  if (!path || !*path) return 0;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t count = strlen(path);
  if (count >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) return -EINVAL;
  memcpy(address.sun_path, path, count);
  if (path[0] == '@') address.sun_path[0] = 0;
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + count + (path[0] == '/'));
  int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  ssize_t sent = sendto(descriptor, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, size);
  int result = sent < 0 ? -errno : 1;
  close(descriptor);
  return result;
}

uint64_t cm_system_watchdog_microseconds(void) {
  const char *interval = getenv("WATCHDOG_USEC");
  const char *process = getenv("WATCHDOG_PID");
  if (!interval || (process && strtoll(process, NULL, 10) != getpid())) return 0;
  return strtoull(interval, NULL, 10);
}

void cm_system_keep_memory_small(void) {
  mallopt(M_ARENA_MAX, 1);
  // Setting either of these also keeps glibc from raising both after the first large allocation.
  mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
  mallopt(M_TRIM_THRESHOLD, 256 * 1024);
}

void cm_system_wipe_freed_memory(void) {
  // Freed octets become 0xff, and newly allocated ones its complement, 0.
  mallopt(M_PERTURB, 0xff);
}

bool cm_system_trim_memory(void) {
  return malloc_trim(0) == 1;
}

// Unmaps one object's pages that can't differ from its file. A segment that is ever writable may hold relocated
// pointers, even where it is read-only by now, and is left alone.
static int release_code_pages(struct dl_phdr_info *info, size_t size, void *user_data) {
  (void)size;
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  const uintptr_t vdso = (uintptr_t)getauxval(AT_SYSINFO_EHDR);
  if (vdso && info->dlpi_addr == vdso) return 0;
  for (ElfW(Half) i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W)) continue;
    // A page that is only partly this segment's may be the next one's, too.
    uintptr_t start = (info->dlpi_addr + segment->p_vaddr + page - 1) & ~(page - 1);
    uintptr_t end = (info->dlpi_addr + segment->p_vaddr + segment->p_filesz) & ~(page - 1);
    if (start < end && madvise((void *)start, end - start, MADV_DONTNEED) == 0) *(size_t *)user_data += end - start;
  }
  return 0;
}

size_t cm_system_release_code(void) {
  size_t octets = 0;
  dl_iterate_phdr(release_code_pages, &octets);
  return octets;
}

bool cm_system_deny_dumps(void) {
  const struct rlimit none = {0, 0};
  return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

bool cm_system_pin_to_one_processor(void) {
  int processor = sched_getcpu();
  if (processor < 0) return false;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

void cm_system_memory(uint64_t *resident, uint64_t *private_octets) {
  *resident = 0;
  *private_octets = 0;
  FILE *file = fopen("/proc/self/smaps_rollup", "re");
  if (!file) return;
  char line[256];
  while (fgets(line, sizeof line, file)) {
    uint64_t kibibytes;
    if (sscanf(line, "Rss: %" SCNu64 " kB", &kibibytes) == 1)
      *resident = kibibytes * 1024;
    else if (sscanf(line, "Private_Clean: %" SCNu64 " kB", &kibibytes) == 1 ||
             sscanf(line, "Private_Dirty: %" SCNu64 " kB", &kibibytes) == 1)
      *private_octets += kibibytes * 1024;
  }
  fclose(file);
}
