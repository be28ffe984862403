/* proxy/country.c */
#include "proxy/country.h"

#include <string.h>

/* ISO 3166-1 alpha-2, officially assigned, and XK; one row a first letter. Read 2026-10. */
static const char codes[] = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZ"
                            "BABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZ"
                            "CACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZ"
                            "DEDJDKDMDODZ"
                            "ECEEEGEHERESET"
                            "FIFJFKFMFOFR"
                            "GAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGY"
                            "HKHMHNHRHTHU"
                            "IDIEILIMINIOIQIRISIT"
                            "JEJMJOJP"
                            "KEKGKHKIKMKNKPKRKWKYKZ"
                            "LALBLCLILKLRLSLTLULVLY"
                            "MAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZ"
                            "NANCNENFNGNINLNONPNRNUNZ"
                            "OM"
                            "PAPEPFPGPHPKPLPMPNPRPSPTPWPY"
                            "QA"
                            "RERORSRURW"
                            "SASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZ"
                            "TCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZ"
                            "UAUGUMUSUYUZ"
                            "VAVCVEVGVIVNVU"
                            "WFWS"
                            "XK"
                            "YEYT"
                            "ZAZMZW";

static bool known(char a, char b)
{
    for (const char *p = codes; *p != '\0'; p += 2) {
        if (p[0] == a && p[1] == b)
            return true;
    }
    return false;
}

bool px_country_known(struct span code)
{
    return code.n == 2 && known(code.p[0], code.p[1]);
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
