/* tests/lib/mmdb_make.c -- mmdb_make OUT NETWORK=COUNTRY...: a country database for a test. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/mmdb.h"

int main(int argc, char **argv)
{
    struct mmdb_net *net = calloc((size_t)argc + 1, sizeof *net);
    unsigned n = 0;
    int code;

    if (argc < 2 || net == NULL) {
        (void)fprintf(stderr, "usage: mmdb_make OUT NETWORK=COUNTRY...\n");
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        char *sign = strchr(argv[i], '=');

        if (sign == NULL) {
            (void)fprintf(stderr, "no NETWORK=COUNTRY: %s\n", argv[i]);
            free(net);
            return 2;
        }
        *sign = '\0';
        net[n++] = (struct mmdb_net){ argv[i], sign + 1 };
    }
    code = mmdb_write(argv[1], net, n) ? 0 : 1;
    free(net);
    return code;
}
