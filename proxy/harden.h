/* proxy/harden.h -- what a process that sees card numbers does before anything else. */
#ifndef PX_HARDEN_H
#define PX_HARDEN_H

/* No core dumps (RLIMIT_CORE 0, not dumpable: no ptrace by others of the same user either), files
 * for us alone (umask 077), a write to a closed connection is an error and no signal. At the start
 * of serve, before any secret is read. */
void px_harden(void);
#endif
