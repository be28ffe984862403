/* tests/contract/front.c -- the API's front as a command, for openapi_test.py.
 *
 *   front document                the embedded OpenAPI file
 *   front fields                  one line a field: route, pointer, name, kind, required, bytes at
 * most front intake ROUTE < BODY     "ok", or the fault's status, code and field front route METHOD
 * PATH       the route's name, or the fault's status front answers                 one line an
 * answer: route, status, content type, body
 */
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/answer.h"
#include "proxy/intake.h"
#include "proxy/intake_fields.h"
#include "proxy/openapi.h"
#include "proxy/problem.h"
#include "proxy/route.h"

#define ID "01J9ZC3W5E7Q8R2T4V6X8Y0Z1A"

static alignas(max_align_t) char mem[512 * 1024];

static void print_fields(const char *route, const struct px_object *o)
{
    static const char *const kind[] = { "string", "integer", "object", "map" };

    for (unsigned i = 0; i < o->fields; i++) {
        const struct px_field *f = &o->field[i];

        printf("%s %s/%s %s %d %u\n", route, o->pointer, f->name, kind[f->kind], f->required,
               f->max);
        if (f->kind == PX_OBJECT)
            print_fields(route, f->object);
    }
}

static int intake(const char *route)
{
    static char body[LIMIT_BODY];
    static struct px_wish wish;
    const struct px_header header[] = {
        { .name = SPAN("content-type"), .value = SPAN("application/json") },
        { .name = SPAN("idempotency-key"), .value = SPAN("k") },
    };
    struct px_asked q = {
        .route = PX_ROUTES_, .header = header, .headers = 2, .year = 2026, .month = 10
    };
    struct px_fault why;
    struct arena a;

    for (int r = 0; r < PX_ROUTES_; r++) {
        if (strcmp(px_route_name((enum px_route)r), route) == 0)
            q.route = (enum px_route)r;
    }
    if (q.route == PX_ROUTES_)
        return 2;
    q.body = (struct span){ body, fread(body, 1, sizeof body, stdin) };
    arena_init(&a, mem, sizeof mem, NULL, sizeof mem);
    if (px_intake(&q, &a, &wish, &why))
        puts("ok");
    else
        printf("%d %s %s\n", px_fault_status(why.code), px_fault_word(why.code), why.field);
    return 0;
}

static int route(const char *method, const char *path)
{
    struct px_fault why;
    enum px_route r;
    struct span id;

    if (px_route_find(span_str(method), span_str(path), &r, &id, &why))
        puts(px_route_name(r));
    else
        printf("%d\n", px_fault_status(why.code));
    return 0;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void print_message(const char *what, const struct px_message *m)
{
    struct span type = px_header_find(m->header, m->headers, "content-type");

    printf("%s %d %.*s %.*s\n", what, m->status, SPAN_ARG(type), SPAN_ARG(m->body));
}

static struct px_record record(enum rt_op op, enum rt_outcome outcome, enum rt_state state,
                               enum rt_code code)
{
    struct px_record r = { .id = ID,
                           .op = op,
                           .standing = outcome == RT_UNKNOWN ? PX_PENDING : PX_SETTLED,
                           .outcome = outcome,
                           .state = state,
                           .code = code,
                           .created_ms = 1791849600123,
                           .updated_ms = 1791849600999,
                           .amount = { 1099, currency_find(SPAN("EUR")) },
                           .plan = { "stripe", "adyen" },
                           .provider_payment_id = "pi_1",
                           .network_txn_id = "nt_1",
                           .brand = RT_VISA,
                           .bin6 = 424242,
                           .last4 = "4242",
                           .order = "order-7" };

    if (op != RT_AUTHORIZE)
        memcpy(r.parent, "01J9ZC3W5E7Q8R2T4V6X8Y0Z1B", PX_ID);
    return r;
}

static const struct px_attempt tries[] = {
    { .provider = "stripe",
      .ref = "at0_" ID,
      .promised_ms = 1,
      .ended_ms = 2,
      .copies = 1,
      .evidence = "not_sent",
      .why = "dns" },
    { .provider = "stripe",
      .ref = "at0_" ID,
      .promised_ms = 1,
      .ended_ms = 2,
      .copies = 1,
      .evidence = "refused",
      .why = "goaway" },
    { .provider = "stripe",
      .ref = "at0_" ID,
      .promised_ms = 1,
      .ended_ms = 2,
      .copies = 3,
      .evidence = "in_doubt",
      .why = "timeout" },
    { .provider = "adyen",
      .ref = "at1_" ID,
      .promised_ms = 1,
      .ended_ms = 2,
      .copies = 1,
      .evidence = "answered",
      .why = "answered",
      .outcome = RT_DECLINED,
      .status = 200,
      .code = RT_CODE_DO_NOT_HONOR,
      .raw_code = "2",
      .provider_payment_id = "psp",
      .took_ms = 5 },
    { .provider = "adyen", .ref = "at2_" ID, .promised_ms = 1, .copies = 1 },
};

static void print_answer(const struct px_record *r)
{
    struct rt_judgement heard = { .iso8583 = "05",
                                  .mac = "03",
                                  .redirect_url = SPAN("https://acs.example/1") };
    struct px_telling t = { .record = r,
                            .attempt = tries,
                            .attempts = 5,
                            .heard = &heard,
                            .decided = true,
                            .revision = UINT64_C(3) << 60,
                            .file = "checkout.route",
                            .line = 3 };
    struct px_answer_head h = { .record = r, .request_id = SPAN("req-1") };
    struct px_message m;
    struct span body;
    struct arena a;
    int status;

    arena_init(&a, mem, sizeof mem, NULL, sizeof mem);
    status = px_answer_body(&t, &a, &body);
    px_answer_message(status, body, &h, &a, &m);
    print_message(r->op == RT_AUTHORIZE ? "create" : rt_op_name(r->op), &m);
}

static void print_status(const struct px_record *r)
{
    struct px_record ops[] = {
        record(RT_CAPTURE, RT_APPROVED, RT_STATE_CAPTURED, RT_CODE_NONE),
        record(RT_REFUND, RT_PENDING, RT_STATE_REFUND_PENDING, RT_CODE_NONE),
        record(RT_VOID, RT_ERROR, RT_STATE_UNCHANGED, RT_CODE_STATE_CONFLICT),
        record(RT_VOID, RT_DECLINED, RT_STATE_UNCHANGED, RT_CODE_ALREADY_CAPTURED),
    };
    struct px_telling t = { .record = r, .attempt = tries, .attempts = 5, .op = ops, .ops = 4 };
    struct px_answer_head h = { .record = r };
    struct px_message m;
    struct span body;
    struct arena a;

    arena_init(&a, mem, sizeof mem, NULL, sizeof mem);
    if (!px_answer_status_body(&t, &a, &body))
        exit(1);
    px_answer_message(200, body, &h, &a, &m);
    print_message("status", &m);
}

static int answers(void)
{
    static const enum rt_op ops[] = { RT_AUTHORIZE, RT_CAPTURE, RT_VOID, RT_REFUND };
    static const enum rt_code codes[] = { RT_CODE_NONE,           RT_CODE_DO_NOT_HONOR,
                                          RT_CODE_STOLEN_CARD,    RT_CODE_RATE_LIMITED,
                                          RT_CODE_STATE_CONFLICT, RT_CODE_PROVIDER_AUTH_ERROR,
                                          RT_CODE_TOKEN_INVALID };

    for (size_t op = 0; op < sizeof ops / sizeof ops[0]; op++) {
        for (int outcome = RT_UNKNOWN; outcome <= RT_INFO; outcome++) {
            for (int state = 0; state < RT_STATES_; state++) {
                struct px_record r =
                    record(ops[op], (enum rt_outcome)outcome, (enum rt_state)state, RT_CODE_NONE);

                print_answer(&r);
                if (ops[op] == RT_AUTHORIZE)
                    print_status(&r);
            }
            for (size_t c = 0; c < sizeof codes / sizeof codes[0]; c++) {
                struct px_record r =
                    record(ops[op], (enum rt_outcome)outcome, RT_STATE_UNCHANGED, codes[c]);

                print_answer(&r);
            }
        }
    }
    for (int c = PX_FAULT_NONE + 1; c < PX_FAULTS_; c++) {
        struct px_fault f;
        struct px_message m;
        struct arena a;

        arena_init(&a, mem, sizeof mem, NULL, sizeof mem);
        (void)px_fault_at(&f, (enum px_fault_code)c, "/amount");
        f.line = f.col = 1;
        f.reason = "already_voided";
        f.retry_after_s = 60;
        px_problem(&f, SPAN("req-1"), &a, &m);
        print_message("fault", &m);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "document") == 0)
        return fwrite(px_openapi().p, 1, px_openapi().n, stdout) == px_openapi().n ? 0 : 1;
    if (argc == 2 && strcmp(argv[1], "fields") == 0) {
        print_fields("create", &px_intake_payment);
        print_fields("capture", &px_intake_moving);
        print_fields("refund", &px_intake_moving);
        print_fields("void", &px_intake_void);
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "intake") == 0)
        return intake(argv[2]);
    if (argc == 4 && strcmp(argv[1], "route") == 0)
        return route(argv[2], argv[3]);
    if (argc == 2 && strcmp(argv[1], "answers") == 0)
        return answers();
    return 2;
}
