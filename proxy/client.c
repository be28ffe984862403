/* proxy/client.c -- what both client protocols have in common: the list of exchanges. */
#include "proxy/client.h"

#include "routing/base/check.h"

void px_client_keep(struct px_client *c, struct px_exchange *x)
{
    CHECK(x->client_ == NULL);
    x->client_ = c;
    x->prev_ = NULL;
    x->next_ = c->first_;
    if (x->next_ != NULL)
        x->next_->prev_ = x;
    c->first_ = x;
    c->exchanges_++;
}

void px_client_drop(struct px_exchange *x)
{
    struct px_client *c = x->client_;

    CHECK(c != NULL);
    if (x->prev_ != NULL)
        x->prev_->next_ = x->next_;
    else
        c->first_ = x->next_;
    if (x->next_ != NULL)
        x->next_->prev_ = x->prev_;
    x->next_ = x->prev_ = NULL;
    x->client_ = NULL;
    c->exchanges_--;
}

void px_client_end(struct px_exchange *x, enum px_ending how, const char *why)
{
    struct px_client *c = x->client_;

    px_client_drop(x);
    c->io_->ended(c->ctx_, x, how, why);
}
