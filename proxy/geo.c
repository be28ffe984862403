/* proxy/geo.c */
#include "proxy/geo.h"

#include <arpa/inet.h>
#include <maxminddb.h>
#include <stdlib.h>
#include <string.h>

struct px_geo {
    MMDB_s db;
};

enum err px_geo_open(const char *path, struct px_geo **out, struct diag *why)
{
    struct px_geo *g = calloc(1, sizeof *g);
    int rc;

    if (g == NULL)
        return E_NOMEM;
    rc = MMDB_open(path, MMDB_MODE_MMAP, &g->db);
    if (rc != MMDB_SUCCESS) {
        diag_set(why, "can not use %.120s as a country database: %s", path, MMDB_strerror(rc));
        free(g);
        return rc == MMDB_FILE_OPEN_ERROR || rc == MMDB_IO_ERROR ? E_IO : E_SYNTAX;
    }
    *out = g;
    return OK;
}

void px_geo_close(struct px_geo *g)
{
    if (g == NULL)
        return;
    MMDB_close(&g->db);
    free(g);
}

static bool address_of(struct span ip, struct sockaddr_storage *out)
{
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
    struct in_addr mapped;
    char text[64];

    memset(out, 0, sizeof *out);
    if (ip.n == 0 || span_copyz(ip, text, sizeof text) != OK)
        return false;
    out->ss_family = AF_INET;
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1)
        return true;
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET6, text, &six->sin6_addr) != 1)
        return false;
    out->ss_family = AF_INET6;
    if (!IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        return true;
    /* a socket for both kinds of address names IPv4 so; databases do not */
    memcpy(&mapped, &six->sin6_addr.s6_addr[12], sizeof mapped);
    memset(out, 0, sizeof *out);
    out->ss_family = AF_INET;
    four->sin_addr = mapped;
    return true;
}

rt_country px_geo_country(const struct px_geo *g, struct span ip)
{
    static const char *const path[] = { "country", "iso_code", NULL };
    struct sockaddr_storage sa;
    MMDB_lookup_result_s hit;
    MMDB_entry_data_s code;
    int rc;

    if (!address_of(ip, &sa))
        return RT_COUNTRY_UNKNOWN;
    hit = MMDB_lookup_sockaddr(&g->db, (const struct sockaddr *)&sa, &rc);
    if (rc != MMDB_SUCCESS || !hit.found_entry)
        return RT_COUNTRY_UNKNOWN;
    rc = MMDB_aget_value(&hit.entry, &code, path);
    if (rc != MMDB_SUCCESS || !code.has_data || code.type != MMDB_DATA_TYPE_UTF8_STRING)
        return RT_COUNTRY_UNKNOWN;
    return rt_country_of((struct span){ code.utf8_string, code.data_size });
}

uint64_t px_geo_built(const struct px_geo *g)
{
    return g->db.metadata.build_epoch;
}
