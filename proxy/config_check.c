/* proxy/config_check.c -- what no single value can be wrong about, and what the core sees. */
#include <string.h>

#include "proxy/config_schema.h"
#include "routing/base/money.h"
#include "routing/country.h"

static const struct px_node *child(const struct px_node *map, const char *key)
{
    return map == NULL || map->kind != PX_MAP ? NULL : px_node_find(map, key);
}

/* Where to point at: the key, or what should hold it. */
static struct px_place key_place(const struct px_node *map, const char *key)
{
    const struct px_node *n = child(map, key);

    if (n != NULL)
        return n->key_at;
    return map->key != NULL ? map->key_at : map->at;
}

static void check_cleartext(struct px_reading *r, const struct px_node *listen)
{
    const struct px_listen *l = &r->config->payments;
    struct diag *d;

    for (unsigned i = 0; i < l->addresses; i++) {
        if (l->address[i].len == 0 || l->address[i].loopback || l->allow_cleartext)
            continue;
        d = px_report_error(r->report, "C140", key_place(listen, "cleartext"));
        diag_set(d, "card data in the clear on \"%.60s\"", l->address[i].text);
        diag_help(d, "give tls: certificate and key, or listen on 127.0.0.1 or a unix socket");
        return;
    }
}

static void check_listen(struct px_reading *r, const struct px_node *root)
{
    const struct px_node *listen = px_config_at(root, "listen.payments");
    bool cleartext = r->config->payments.cleartext, tls = child(listen, "tls") != NULL;
    struct diag *d;

    if (listen == NULL)
        return; /* told already */
    if (cleartext && tls) {
        d = px_report_error(r->report, "C141", key_place(listen, "cleartext"));
        diag_set(d, "\"listen.payments\" has certificates and cleartext: true");
        diag_help(d, "keep one of them");
    } else if (!cleartext && !tls) {
        d = px_report_error(r->report, "C141", listen->key_at);
        diag_set(d, "\"listen.payments\" has no certificate");
        diag_help(d, "add tls: { certificate: FILE, key: FILE }; on loopback: cleartext: true");
    } else if (cleartext) {
        check_cleartext(r, listen);
    }
}

static void check_admin(struct px_reading *r, const struct px_node *root)
{
    const struct px_node *admin = px_config_at(root, "listen.admin");
    const struct px_admin_listen *a = &r->config->admin;
    bool tls = child(admin, "tls") != NULL;
    struct diag *d;

    if (a->address.len == 0 || a->address.unix_path != tls)
        return;
    d = px_report_error(r->report, "C146", key_place(admin, tls ? "tls" : "address"));
    if (tls) {
        diag_set(d, "a unix socket speaks no TLS: the kernel tells who calls");
        diag_help(d, "remove tls, or listen on an address such as \"127.0.0.1:8444\"");
    } else {
        diag_set(d, "nobody could tell who calls on \"%.60s\"", a->address.text);
        diag_help(d, "listen on \"unix:PATH\", or add tls: { certificate, key, client_ca }");
    }
}

static void check_rules(struct px_reading *r, const struct px_node *root)
{
    struct px_payment_rules *p = &r->config->rules;
    const struct px_node *payments = px_config_at(root, "payments");

    p->flight = (struct rt_flight_rules){
        .copies_max = (uint8_t)p->copies_max,
        .moves_max = (uint8_t)p->moves_max,
        .repeat_first_ms = p->repeat_first_ms,
        .within_ns = (int64_t)p->deadline_ms * 1000000,
    };
    if (p->patience_ms > 0 && p->attach_wait_ms > p->patience_ms) /* 0: not readable, and told */
        diag_set(px_report_error(r->report, "C144",
                                 key_place(payments == NULL ? root : payments, "attach_wait")),
                 "\"attach_wait\" (%d ms) is longer than \"patience\" (%d ms)", p->attach_wait_ms,
                 p->patience_ms);
}

static void check_drain(struct px_reading *r, const struct px_node *root)
{
    const struct px_config *c = r->config;

    for (unsigned i = 0; i < c->providers; i++) {
        const struct px_provider_config *p = &c->provider[i];
        int slowest = p->connect_ms + p->response_ms;

        if (c->drain_ms == 0 || c->drain_ms > slowest)
            continue;
        diag_set(px_report_error(r->report, "C144", key_place(root, "drain")),
                 "\"drain\" (%d ms) is not longer than \"%s\" may take (%d ms)", c->drain_ms,
                 p->name, slowest);
        return;
    }
}

/* An adapter that was not named has the provider's name. */
static void find_adapter(struct px_reading *r, const struct px_node *n,
                         struct px_provider_config *p)
{
    const struct px_adapter *const *all;
    char room[120];
    struct buf words = BUF_OF(room);
    struct diag *d;
    unsigned count;

    if (p->adapter != NULL || child(n, "adapter") != NULL)
        return;
    p->adapter = px_adapter_find(span_str(p->name));
    if (p->adapter != NULL)
        return;
    all = px_adapters(&count);
    for (unsigned i = 0; i < count; i++)
        buf_fmt(&words, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", all[i]->name);
    d = px_report_error(r->report, "C111", n->key_at);
    diag_set(d, "\"providers.%s\" has no \"adapter\"", p->name);
    diag_help(d, "add adapter: %s", buf_z(&words));
}

static void check_url(struct px_reading *r, const struct px_node *n,
                      const struct px_provider_config *p)
{
    const struct px_node *url = child(n, "base_url");
    struct diag *d;

    if (p->base_url == NULL || p->tls || p->host_is_local_ || p->allow_cleartext)
        return;
    d = px_config_error(r, "C140", url);
    diag_set(d, "card data in the clear to \"%.100s\"", p->base_url);
    diag_help(d, "write https://");
}

static void check_subset(struct px_reading *r, const struct px_node *n, const char *key,
                         uint32_t wanted, uint32_t offered, const struct px_provider_config *p)
{
    const struct px_node *list = child(n, key);

    if (list != NULL && (wanted & ~offered) != 0)
        diag_set(px_config_error(r, "C142", list), "the adapter \"%s\" cannot take all of these %s",
                 p->adapter->name, key);
}

static void check_currencies(struct px_reading *r, const struct px_node *n,
                             const struct px_provider_config *p)
{
    const struct px_node *list = child(n, "currencies");
    const struct px_node *each = list == NULL ? NULL : list->kind == PX_LIST ? list->first : list;

    for (; each != NULL; each = each == list ? NULL : each->next) {
        currency c =
            each->resolved == NULL ? CURRENCY_NONE : currency_find(span_str(each->resolved));

        if (c != CURRENCY_NONE && !currency_taken(c, p->adapter->dialect))
            diag_set(px_config_error(r, "C142", each), "the adapter \"%s\" cannot take %s",
                     p->adapter->name, currency_code(c));
    }
}

static void check_prices(struct px_reading *r, const struct px_node *n,
                         const struct px_provider_config *p)
{
    const struct px_node *country = child(n, "acquirer_country"), *settles = child(n, "settles");
    struct diag *d;

    if (country != NULL && p->acquirer_country.n > 0 &&
        rt_country_of(p->acquirer_country) == RT_COUNTRY_UNKNOWN) {
        d = px_config_error(r, "C112", country);
        diag_set(d, "\"acquirer_country\" takes a country: two capital letters");
        diag_help(d, "write acquirer_country: DE");
    }
    if (settles != NULL && p->settles.n > 0 && currency_find(p->settles) == CURRENCY_NONE) {
        d = px_config_error(r, "C112", settles);
        diag_set(d, "\"settles\" takes a currency: three capital letters");
        diag_help(d, "write settles: EUR");
    }
}

static void check_provider(struct px_reading *r, const struct px_node *n,
                           struct px_provider_config *p)
{
    struct diag *d;

    find_adapter(r, n, p);
    check_url(r, n, p);
    check_prices(r, n, p);
    if (p->adapter == NULL)
        return;
    check_subset(r, n, "brands", p->brands, p->adapter->brands, p);
    check_subset(r, n, "methods", p->methods, p->adapter->methods, p);
    check_currencies(r, n, p);
    if (p->adapter->needs_merchant_account && p->account.merchant_account.n == 0 &&
        child(n, "merchant_account") == NULL) {
        d = px_report_error(r->report, "C143", n->key_at);
        diag_set(d, "\"providers.%s\" has no \"merchant_account\"", p->name);
        diag_help(d, "add merchant_account: NAME");
    }
}

/* What was not said is beside the journal. */
static void find_state(struct px_reading *r)
{
    struct px_config *c = r->config;
    const char *slash = c->journal_path == NULL ? NULL : strrchr(c->journal_path, '/');
    struct span dir = { c->journal_path, slash == NULL ? 0 : (size_t)(slash - c->journal_path) };

    if (c->state_path != NULL || c->journal_path == NULL)
        return;
    if (slash == NULL)
        c->state_path = ".";
    else
        c->state_path = dir.n == 0 ? "/" : arena_str(r->arena, dir);
}

static void find_decisions(struct px_reading *r)
{
    struct px_config *c = r->config;
    struct buf b;

    if (!c->decisions.enabled)
        c->decisions.path = NULL;
    if (!c->decisions.enabled || c->decisions.path != NULL || c->state_path == NULL)
        return;
    b = arena_buf(r->arena, strlen(c->state_path) + sizeof "/decisions.jsonl");
    buf_fmt(&b, "%s/decisions.jsonl", c->state_path);
    c->decisions.path = buf_z(&b);
}

static bool wants_currency(const struct px_provider_config *p, currency c)
{
    bool all = (p->currencies[0] | p->currencies[1] | p->currencies[2] | p->currencies[3]) == 0;

    return all || (p->currencies[c / 64] >> (c % 64) & 1) != 0;
}

/* What the core sees: what the adapter can, less what the configuration leaves out. */
static void make_facts(const struct px_provider_config *p, unsigned index, struct rt_provider *f)
{
    *f = (struct rt_provider){
        .name = p->name,
        .index = (uint8_t)index,
        .enabled = p->enabled,
        .brands = p->brands == 0 ? p->adapter->brands : p->adapter->brands & p->brands,
        .methods = p->methods == 0 ? p->adapter->methods : p->adapter->methods & p->methods,
        .ops = p->adapter->ops,
        .network_token_brands = p->adapter->network_token_brands,
        .token_needs_customer = p->adapter->token_needs_customer,
        .promises = p->adapter->promises,
        .dialect = p->adapter->dialect,
    };
    for (unsigned c = 1; c <= currency_count(); c++) {
        if (currency_taken((currency)c, f->dialect) && wants_currency(p, (currency)c))
            rt_provider_take_currency(f, (currency)c);
    }
}

void px_config_check(struct px_reading *r, const struct px_node *root)
{
    struct px_config *c = r->config;

    check_listen(r, root);
    check_admin(r, root);
    check_rules(r, root);
    check_drain(r, root);
    find_state(r);
    find_decisions(r);
    for (unsigned i = 0; i < c->providers; i++) {
        const struct px_node *providers = px_node_find(root, "providers");
        const struct px_node *n = px_node_find(providers, c->provider[i].name);

        check_provider(r, n, &c->provider[i]);
        if (c->provider[i].adapter != NULL)
            make_facts(&c->provider[i], i, &c->facts[i]);
    }
}
