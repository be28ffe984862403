/* proxy/upstream_ask.c -- see upstream_ask.h. */
#include "proxy/upstream_ask.h"

#include <stdlib.h>

#include "routing/base/check.h"

enum { SPARES_MAX = 256 };

void px_ask_list_push(struct px_ask_list *l, struct px_ask *a)
{
    a->next = NULL;
    a->prev = l->last;
    if (l->last != NULL)
        l->last->next = a;
    else
        l->first = a;
    l->last = a;
    l->n++;
}

void px_ask_list_unshift(struct px_ask_list *l, struct px_ask *a)
{
    a->prev = NULL;
    a->next = l->first;
    if (l->first != NULL)
        l->first->prev = a;
    else
        l->last = a;
    l->first = a;
    l->n++;
}

void px_ask_list_remove(struct px_ask_list *l, struct px_ask *a)
{
    if (a->prev != NULL)
        a->prev->next = a->next;
    else
        l->first = a->next;
    if (a->next != NULL)
        a->next->prev = a->prev;
    else
        l->last = a->prev;
    a->next = a->prev = NULL;
    l->n--;
}

struct px_ask *px_ask_take(struct px_ask_pool *p)
{
    struct px_ask *a = p->spare;

    if (a != NULL) {
        p->spare = a->next;
        p->spares--;
    } else {
        a = calloc(1, sizeof *a);
        if (a == NULL)
            return NULL;
        px_exchange_init(&a->x);
    }
    a->next = a->prev = NULL;
    a->link = NULL;
    a->moves = 0;
    p->live++;
    return a;
}

void px_ask_give(struct px_ask_pool *p, struct px_ask *a)
{
    px_exchange_clear(&a->x);
    p->live--;
    if (p->spares == SPARES_MAX) {
        free(a);
        return;
    }
    a->next = p->spare;
    p->spare = a;
    p->spares++;
}

void px_ask_pool_fini(struct px_ask_pool *p)
{
    CHECK(p->live == 0);
    while (p->spare != NULL) {
        struct px_ask *a = p->spare;

        p->spare = a->next;
        free(a);
    }
    p->spares = 0;
}
