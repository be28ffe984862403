/* Tables: they fit, they line up, and they say nothing by colour alone. */
#include <stdio.h>
#include <stdlib.h>

#include "proxy/table.h"
#include "tests/unit/unit.h"

static const struct px_table_column columns[] = {
    { "NAME", false, false }, { "N", true, false }, { "WHY", false, true }, { .head = NULL }
};

static char *printed(const struct px_look *l, const char *why)
{
    struct px_table *t = px_table_create(columns);
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);

    assert_non_null(to);
    px_table_row(t);
    px_table_cell(t, PX_BAD, "stripe");
    px_table_cell(t, PX_PLAIN, "%d", 7);
    px_table_cell(t, PX_PLAIN, "%s", why);
    px_table_row(t);
    px_table_cell(t, PX_FINE, "checkoutcom");
    px_table_cell(t, PX_PLAIN, "%d", 1234);
    px_table_cell(t, PX_PLAIN, "fine");
    px_table_print(t, l, to);
    px_table_destroy(t);
    assert_int_equal(fclose(to), 0);
    return text;
}

static void cells_line_up(void **state)
{
    struct px_look l = { .width = 100 };
    char *text = printed(&l, "slow");

    (void)state;
    assert_string_equal(text, "NAME           N WHY\n"
                              "stripe         7 slow\n"
                              "checkoutcom 1234 fine\n");
    free(text);
}

static void no_line_is_wider_than_it_may_be(void **state)
{
    struct px_look l = { .width = 60 };
    char why[300], *text, *line, *rest;

    (void)state;
    memset(why, 'x', sizeof why - 1);
    why[sizeof why - 1] = '\0';
    text = rest = printed(&l, why);
    while ((line = strsep(&rest, "\n")) != NULL)
        assert_true(strlen(line) <= 60);
    free(text);
}

static void colour_only_where_it_is_wanted(void **state)
{
    struct px_look l = { .width = 100 };
    char *plain = printed(&l, "slow"), *bright;

    (void)state;
    l.color = true;
    bright = printed(&l, "slow");
    assert_null(strchr(plain, '\033'));
    assert_non_null(strstr(bright, "\033[1;31m"));
    assert_string_equal(px_look_on(&(struct px_look){ 0 }, PX_BAD), "");
    free(plain);
    free(bright);
}

/* A reason that somebody typed can not drive the terminal of whoever reads it. */
static void control_characters_are_harmless(void **state)
{
    struct px_look l = { .width = 100 };
    char *text = printed(&l, "a\033[2Jb\nc");

    (void)state;
    assert_non_null(strstr(text, "a?[2Jb?c"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_line_up),
        cmocka_unit_test(no_line_is_wider_than_it_may_be),
        cmocka_unit_test(colour_only_where_it_is_wanted),
        cmocka_unit_test(control_characters_are_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
