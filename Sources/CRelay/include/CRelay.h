// What the relay asks of the system that Swift can't: to leave nothing behind of what it has to forget. Every symbol starts with cr_,
// but for free and realloc, which stand in for the C library's.
#ifndef CRELAY_H
#define CRELAY_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// From cr_erasure_begin until as many cr_erasure_end, everything that this thread frees is overwritten first, whoever frees it: the
// Swift runtime, its libraries, C. Other threads are not concerned. Does nothing in a build with a sanitizer, which has a free of
// its own.
void cr_erasure_begin(void);
void cr_erasure_end(void);
// Whether this thread's frees are overwritten now.
bool cr_erasure_is_active(void);
// Overwrites the part of this thread's stack that lies unused below its caller, for what functions that have returned left there. A
// thread needs CR_STACK_OCTETS more than it uses at the call.
#define CR_STACK_OCTETS (256 * 1024)
void cr_erase_stack(void);
// Overwrites octets in a way that the compiler does not take away.
void cr_erase(void *octets, size_t count);

// Keeps this process's memory out of core dumps and from processes of the same user: not dumpable (prctl(2)), RLIMIT_CORE 0. A negative
// errno when the kernel refuses.
int cr_deny_dumps(void);

#ifdef __cplusplus
}
#endif

#endif
