/* proxy/harden.h -- what a process that sees card numbers does before anything else. */
#ifndef PX_HARDEN_H
#define PX_HARDEN_H

/* What PR_GET_DUMPABLE says afterwards. The leak sanitizer looks at the process from outside, so
 * that under it (and only then) it stays dumpable. */
#if defined(__SANITIZE_ADDRESS__)
#define PX_DUMPABLE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PX_DUMPABLE 1
#endif
#endif
#ifndef PX_DUMPABLE
#define PX_DUMPABLE 0
#endif

/* No core dumps (RLIMIT_CORE 0, not dumpable: no ptrace by others of the same user either), files
 * for us alone (umask 077), a write to a closed connection is an error and no signal. At the start
 * of serve, before any secret is read. */
void px_harden(void);
#endif
