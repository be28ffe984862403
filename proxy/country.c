/* proxy/country.c */
#include "proxy/country.h"

#include <string.h>

#include "routing/country.h"

static bool known(char a, char b)
{
    char code[2] = { a, b };

    return rt_country_of((struct span){ code, 2 }) != RT_COUNTRY_UNKNOWN;
}

bool px_country_known(struct span code)
{
    return rt_country_of(code) != RT_COUNTRY_UNKNOWN;
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool px_country_near(struct span code, char out[3])
{
    static const char *const usual[][2] = { { "UK", "GB" },  { "GBR", "GB" }, { "USA", "US" },
                                            { "DEU", "DE" }, { "FRA", "FR" }, { "EL", "GR" } };

    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        if (span_is_nocase(code, usual[i][0])) {
            memcpy(out, usual[i][1], 3);
            return true;
        }
    }
    if (code.n != 2 || !known(upper(code.p[0]), upper(code.p[1])))
        return false;
    out[0] = upper(code.p[0]);
    out[1] = upper(code.p[1]);
    out[2] = '\0';
    return true;
}
