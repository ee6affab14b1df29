#define _DEFAULT_SOURCE
#include "CRelay.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define IS_SANITIZED 1
#else
#define IS_SANITIZED 0
#endif

// The model that never allocates: free must not.
static _Thread_local unsigned scopes __attribute__((tls_model("initial-exec")));

void cr_erasure_begin(void) {
  scopes++;
}

void cr_erasure_end(void) {
  scopes--;
}

bool cr_erasure_is_active(void) {
  return scopes > 0 && !IS_SANITIZED;
}

void cr_erase(void *octets, size_t count) {
  explicit_bzero(octets, count);
}

__attribute__((noinline)) void cr_erase_stack(void) {
  char octets[CR_STACK_OCTETS];
  explicit_bzero(octets, sizeof octets);
}

#if !IS_SANITIZED

// glibc's own names, for programs that put something around them.
void *__libc_realloc(void *octets, size_t count);
void __libc_free(void *octets);

void free(void *octets) {
  if (scopes > 0 && octets) {
    int saved = errno;
    explicit_bzero(octets, malloc_usable_size(octets));
    errno = saved;
  }
  __libc_free(octets);
}

// What moves leaves its old place behind.
void *realloc(void *octets, size_t count) {
  if (scopes == 0 || !octets) return __libc_realloc(octets, count);
  if (count == 0) {
    free(octets);
    return NULL;
  }
  size_t old_count = malloc_usable_size(octets);
  void *moved = malloc(count);
  if (!moved) return NULL;
  memcpy(moved, octets, old_count < count ? old_count : count);
  free(octets);
  return moved;
}

#endif
