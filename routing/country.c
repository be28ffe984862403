/* routing/country.c */
#include "routing/country.h"

#include "routing/base/check.h"

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

rt_country rt_country_of(struct span code)
{
    if (code.n != 2)
        return RT_COUNTRY_UNKNOWN;
    for (const char *p = codes; *p != '\0'; p += 2) {
        if (p[0] == code.p[0] && p[1] == code.p[1])
            return (rt_country)(1 + 26 * (p[0] - 'A') + (p[1] - 'A'));
    }
    return RT_COUNTRY_UNKNOWN;
}

const char *rt_country_code(rt_country c, char out[3])
{
    CHECK(c < RT_COUNTRIES_);
    out[0] = (char)(c == 0 ? 0 : 'A' + (c - 1) / 26);
    out[1] = (char)(c == 0 ? 0 : 'A' + (c - 1) % 26);
    out[2] = '\0';
    return out;
}
