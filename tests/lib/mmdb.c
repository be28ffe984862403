/* tests/lib/mmdb.c -- from the format's public specification (MaxMind-DB-spec, version 2.0). */
#include "tests/lib/mmdb.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    NODES = 65536,
    DATA = 65536,
    BITS = 128,
    MAP = 7,
    TEXT = 2,
    U16 = 5,
    U32 = 6,
    U64 = 9,
    ARRAY = 11
};

struct maker {
    int32_t child[NODES][2]; /* 0: nothing; > 0: a node; < 0: -(data offset) - 1 */
    unsigned nodes;
    unsigned char data[DATA];
    size_t n;
};

/* ---- data fields ---- */

static void byte(struct maker *m, unsigned b)
{
    if (m->n == sizeof m->data)
        abort();
    m->data[m->n++] = (unsigned char)b;
}

/* Types above 7 stand in a byte of their own. Sizes here stay below 29. */
static void control(struct maker *m, unsigned type, unsigned size)
{
    if (type > 7) {
        byte(m, size);
        byte(m, type - 7);
    } else {
        byte(m, type << 5 | size);
    }
}

static void text(struct maker *m, const char *z)
{
    size_t n = strlen(z);

    control(m, TEXT, (unsigned)n);
    for (size_t i = 0; i < n; i++)
        byte(m, (unsigned char)z[i]);
}

static void number(struct maker *m, unsigned type, uint64_t v)
{
    unsigned size = 0;

    for (uint64_t rest = v; rest > 0; rest >>= 8)
        size++;
    control(m, type, size);
    for (unsigned i = size; i > 0; i--)
        byte(m, (unsigned)(v >> (8 * (i - 1)) & 0xFF));
}

/* {"country": {"iso_code": "DE"}} */
static int32_t country(struct maker *m, const char *code)
{
    int32_t at = (int32_t)m->n;

    control(m, MAP, 1);
    text(m, "country");
    control(m, MAP, 1);
    text(m, "iso_code");
    text(m, code);
    return at;
}

/* ---- the tree ---- */

static bool parse(const char *net, unsigned char addr[16], unsigned *bits)
{
    const char *slash = strchr(net, '/');
    char host[64];

    memset(addr, 0, 16);
    if (slash == NULL || (size_t)(slash - net) >= sizeof host)
        return false;
    memcpy(host, net, (size_t)(slash - net));
    host[slash - net] = '\0';
    *bits = (unsigned)strtoul(slash + 1, NULL, 10);
    if (inet_pton(AF_INET, host, addr + 12) == 1) {
        *bits += 96;
        return *bits > 96 && *bits <= BITS;
    }
    return inet_pton(AF_INET6, host, addr) == 1 && *bits > 0 && *bits <= BITS;
}

static void put(struct maker *m, const unsigned char addr[16], unsigned bits, int32_t leaf)
{
    unsigned node = 0;

    for (unsigned i = 0; i < bits; i++) {
        int32_t *at = &m->child[node][addr[i / 8] >> (7 - i % 8) & 1];

        if (i + 1 == bits) {
            *at = leaf;
            return;
        }
        if (*at <= 0) { /* split: both halves keep what was there */
            if (m->nodes == NODES)
                abort();
            m->child[m->nodes][0] = m->child[m->nodes][1] = *at;
            *at = (int32_t)m->nodes++;
        }
        node = (unsigned)*at;
    }
}

static void record(FILE *to, const struct maker *m, int32_t child)
{
    uint32_t v = child > 0   ? (uint32_t)child
                 : child < 0 ? m->nodes + 16 + (uint32_t)(-child - 1)
                             : m->nodes;

    (void)fputc((int)(v >> 16 & 0xFF), to);
    (void)fputc((int)(v >> 8 & 0xFF), to);
    (void)fputc((int)(v & 0xFF), to);
}

static void metadata(struct maker *m)
{
    m->n = 0;
    control(m, MAP, 9);
    text(m, "binary_format_major_version");
    number(m, U16, 2);
    text(m, "binary_format_minor_version");
    number(m, U16, 0);
    text(m, "build_epoch");
    number(m, U64, (uint64_t)time(NULL));
    text(m, "database_type");
    text(m, "Signalbox-Test-Country");
    text(m, "description");
    control(m, MAP, 0);
    text(m, "ip_version");
    number(m, U16, 6);
    text(m, "languages");
    control(m, ARRAY, 0);
    text(m, "node_count");
    number(m, U32, m->nodes);
    text(m, "record_size");
    number(m, U16, 24);
}

static bool write_file(struct maker *m, const char *path)
{
    static const char marker[] = "\xab\xcd\xefMaxMind.com";
    FILE *to = fopen(path, "wb");
    bool ok;

    if (to == NULL) {
        perror(path);
        return false;
    }
    for (unsigned i = 0; i < m->nodes; i++) {
        record(to, m, m->child[i][0]);
        record(to, m, m->child[i][1]);
    }
    for (unsigned i = 0; i < 16; i++)
        (void)fputc(0, to);
    (void)fwrite(m->data, 1, m->n, to);
    (void)fwrite(marker, 1, sizeof marker - 1, to);
    metadata(m);
    ok = fwrite(m->data, 1, m->n, to) == m->n;
    return fclose(to) == 0 && ok;
}

bool mmdb_write(const char *path, const struct mmdb_net *net, unsigned nets)
{
    struct maker *m = calloc(1, sizeof *m);
    unsigned char addr[16];
    unsigned bits;
    bool ok = m != NULL;

    if (m == NULL)
        return false;
    m->nodes = 1;
    for (unsigned i = 0; i < nets && ok; i++) {
        ok = parse(net[i].net, addr, &bits) && strlen(net[i].country) == 2;
        if (ok)
            put(m, addr, bits, -country(m, net[i].country) - 1);
        else
            (void)fprintf(stderr, "no network and country: %s %s\n", net[i].net, net[i].country);
    }
    ok = ok && write_file(m, path);
    free(m);
    return ok;
}
