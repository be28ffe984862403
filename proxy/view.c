/* proxy/view.c */
#include "proxy/view.h"

#include <stdlib.h>
#include <string.h>

#include "routing/base/check.h"

static struct px_view *make(void)
{
    struct px_view *v = calloc(1, sizeof *v);

    CHECK(v != NULL);
    atomic_init(&v->refs_, 1);
    return v;
}

struct px_view *px_view_create(void)
{
    struct px_view *v = make();

    for (unsigned p = 0; p < LIMIT_PROVIDERS; p++)
        px_toggle_init(&v->toggle[p]);
    for (unsigned c = 0; c < POL_COMMITS_MAX; c++)
        v->volume[c] = (struct pol_volume){ .minor = -1, .payments = -1 };
    v->may_probe = UINT32_MAX;
    return v;
}

struct px_view *px_view_copy(const struct px_view *of)
{
    struct px_view *v = make();

    v->epoch = of->epoch + 1;
    memcpy(v->toggle, of->toggle, sizeof v->toggle);
    memcpy(v->ended, of->ended, sizeof v->ended);
    v->remote_open = of->remote_open;
    v->may_probe = of->may_probe;
    v->volumes_of = of->volumes_of;
    memcpy(v->volume, of->volume, sizeof v->volume);
    return v;
}

struct px_view *px_view_ref(struct px_view *v)
{
    atomic_fetch_add(&v->refs_, 1);
    return v;
}

void px_view_unref(struct px_view *v)
{
    if (v != NULL && atomic_fetch_sub(&v->refs_, 1) == 1)
        free(v);
}
