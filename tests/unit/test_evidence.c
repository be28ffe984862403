/* tests/unit/test_evidence.c -- every combination of facts, and what each proves. */
#include "tests/unit/unit.h"

#include "proxy/evidence.h"

static void every_row_of_the_table(void **state)
{
    static const struct {
        struct px_facts f;
        enum px_heard_kind kind;
    } row[] = {
        /* handed, headed, ending */
        { { false, false, PX_ENDED_BROKEN }, PX_NOT_SENT },
        { { false, false, PX_ENDED_ANSWERED }, PX_NOT_SENT },
        { { false, false, PX_ENDED_REFUSED_STREAM }, PX_NOT_SENT },
        { { false, false, PX_ENDED_GOAWAY }, PX_NOT_SENT },
        { { false, true, PX_ENDED_BROKEN }, PX_NOT_SENT },
        { { false, true, PX_ENDED_ANSWERED }, PX_NOT_SENT },
        { { false, true, PX_ENDED_REFUSED_STREAM }, PX_NOT_SENT },
        { { false, true, PX_ENDED_GOAWAY }, PX_NOT_SENT },
        { { true, false, PX_ENDED_BROKEN }, PX_IN_DOUBT },
        { { true, false, PX_ENDED_ANSWERED }, PX_ANSWERED },
        { { true, false, PX_ENDED_REFUSED_STREAM }, PX_REFUSED },
        { { true, false, PX_ENDED_GOAWAY }, PX_REFUSED },
        { { true, true, PX_ENDED_BROKEN }, PX_IN_DOUBT },
        { { true, true, PX_ENDED_ANSWERED }, PX_ANSWERED },
        { { true, true, PX_ENDED_REFUSED_STREAM }, PX_IN_DOUBT },
        { { true, true, PX_ENDED_GOAWAY }, PX_IN_DOUBT },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof row / sizeof *row; i++)
        if (px_evidence(row[i].f) != row[i].kind)
            fail_msg("row %u: %d, not %d", i, px_evidence(row[i].f), row[i].kind);
}

static void what_nobody_thought_of_is_in_doubt(void **state)
{
    (void)state;
    assert_int_equal(px_evidence((struct px_facts){ .handed = true, .ending = (enum px_ending)77 }),
                     PX_IN_DOUBT);
    assert_int_equal(px_evidence((struct px_facts){ .handed = true }), PX_IN_DOUBT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_table),
        cmocka_unit_test(what_nobody_thought_of_is_in_doubt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
