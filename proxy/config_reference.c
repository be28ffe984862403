/* proxy/config_reference.c -- docs/config.md and `signalbox explain`, from the tables. */
#include <string.h>

#include "proxy/config_schema.h"

static void put_duration(int64_t ms, FILE *to)
{
    if (ms > 0 && ms % 3600000 == 0)
        (void)fprintf(to, "%lldh", (long long)(ms / 3600000));
    else if (ms > 0 && ms % 1000 == 0)
        (void)fprintf(to, "%llds", (long long)(ms / 1000));
    else
        (void)fprintf(to, "%lldms", (long long)ms);
}

static void put_takes(const struct px_field *f, FILE *to)
{
    if (f->section != NULL) {
        (void)fputs(f->map ? "a section each" : "a section", to);
    } else if (f->type == &px_type_duration) {
        (void)fputs("a duration, ", to);
        put_duration(f->least, to);
        (void)fputs(" to ", to);
        put_duration(f->most, to);
    } else if (f->type == &px_type_share) {
        (void)fprintf(to, "%s, %g%% to %g%%", f->type->what, (double)f->least / 1e4,
                      (double)f->most / 1e4);
    } else if (f->most > 0) {
        (void)fprintf(to, "%s, %lld to %lld", f->type->what, (long long)f->least,
                      (long long)f->most);
    } else {
        (void)fputs(f->type->what, to);
        if (f->many > 0 && strstr(f->type->what, "list") == NULL)
            (void)fprintf(to, ", or a list of up to %u", f->many);
    }
}

static void reference_section(const char *path, const struct px_field *fields, FILE *to)
{
    char inner[256];

    (void)fprintf(to, "\n## %s\n\n| key | takes | default | |\n|---|---|---|---|\n",
                  *path == '\0' ? "The top" : path);
    for (const struct px_field *f = fields; f->name != NULL; f++) {
        (void)fprintf(to, "| `%s` | ", f->name);
        put_takes(f, to);
        (void)fputs(" | ", to);
        if (f->fallback != NULL)
            (void)fprintf(to, "`%s`", f->fallback);
        else if (f->required && f->section == NULL)
            (void)fputs("required", to);
        (void)fprintf(to, " | %s |\n", f->text);
    }
    for (const struct px_field *f = fields; f->name != NULL; f++) {
        if (f->section == NULL)
            continue;
        (void)snprintf(inner, sizeof inner, "%s%s%s%s", path, *path == '\0' ? "" : ".", f->name,
                       f->map ? ".NAME" : "");
        reference_section(inner, f->section, to);
    }
}

static const struct {
    const char *code, *title, *text;
} codes[] = {
#define X(code, title, text) { code, title, text },
#include "proxy/config_codes.def"
#undef X
};

enum { CODES = sizeof codes / sizeof *codes };

const char *px_config_explain(const char *code, const char **title)
{
    for (unsigned i = 0; i < CODES; i++) {
        if (strcmp(codes[i].code, code) == 0) {
            *title = codes[i].title;
            return codes[i].text;
        }
    }
    return NULL;
}

void px_config_reference(FILE *to)
{
    (void)fputs(
        "# The configuration\n\n"
        "Written by `signalbox config reference`; do not edit.\n\n"
        "One YAML 1.2 file, `/etc/signalbox/signalbox.yaml`, and over it, later ones winning:\n"
        "the `.yaml` files of `conf.d/` beside it in byte order, the environment\n"
        "(`SIGNALBOX__LISTEN__ADMIN__ADDRESS=...`), and `--set listen.admin.address=...`.\n"
        "Mappings are merged, everything else is replaced.\n\n"
        "- `signalbox config check` names every mistake with its line and column.\n"
        "- `signalbox config print --effective` shows every value and where it was set.\n"
        "- `${env:NAME}`, `${file:PATH}` and `${cred:NAME}` stand for what is there; a missing "
        "one\n"
        "  is an error. `${cred:NAME}` is the file `NAME` in `$CREDENTIALS_DIRECTORY`, as "
        "systemd's\n"
        "  `LoadCredential=` puts it. `$${` stands for `${`.\n"
        "- Secrets come from files only, never from the configuration itself or the environment.\n"
        "- Relative paths are relative to the file they are written in.\n"
        "- Durations are one number and one unit: `250ms`, `2s`, `5m`, `1h`.\n"
        "- There are no anchors, aliases or tags, and no key may stand twice.\n",
        to);
    reference_section("", px_schema, to);
    (void)fputs("\n## What is wrong, by code\n\n| code | |\n|---|---|\n", to);
    for (unsigned i = 0; i < CODES; i++)
        (void)fprintf(to, "| %s | %s |\n", codes[i].code, codes[i].title);
    (void)fputs("\n`signalbox explain CODE` tells what to do about one.\n", to);
}
