/* tests/lib/mmdb.h -- a country database made on the spot (MaxMind DB format 2.0), so that tests
 * need nobody's data. IPv6 tree, IPv4 under ::/96, 24-bit records. */
#ifndef TESTS_MMDB_H
#define TESTS_MMDB_H
#include <stdbool.h>

/* net: "203.0.113.0/24", "2001:db8::/32"; country: two letters. Later ones win inside earlier. */
struct mmdb_net {
    const char *net, *country;
};
/* Writes the file; false with a word on stderr. */
bool mmdb_write(const char *path, const struct mmdb_net *net, unsigned nets);
#endif
