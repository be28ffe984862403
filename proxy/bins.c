/* proxy/bins.c */
#include "proxy/bins.h"

enum err px_bins_open(const char *path, struct px_bins *out, struct diag *why)
{
    struct px_bins b = { 0 };
    enum err e;

    if ((e = px_file_map(path, &b.file_, why)) != OK)
        return e;
    e = rt_bins_open(b.file_.text, &b.table, why);
    if (e != OK)
        px_file_close(&b.file_);
    else
        *out = b;
    return e;
}

void px_bins_close(struct px_bins *b)
{
    px_file_close(&b->file_);
    *b = (struct px_bins){ 0 };
}
