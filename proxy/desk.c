/* proxy/desk.c */
#include "proxy/desk.h"

#include <string.h>

#include "proxy/config.h"

int px_desk_provider(const struct px_desk *d, const char *name)
{
    for (unsigned i = 0; i < d->config->providers; i++) {
        if (strcmp(d->config->provider[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}
