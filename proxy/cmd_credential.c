/* proxy/cmd_credential.c */
#include "proxy/cmd_credential.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/cmd_config.h"
#include "proxy/credentials.h"
#include "proxy/report.h"
#include "routing/base/json.h"
#include "routing/base/secret.h"

enum { PATH_LEN = 4096 };

/* --file, or the first that the configuration names. */
static int find_file(const struct px_cli *c, char path[PATH_LEN])
{
    const char *file = px_cli_value(c, "file"), *config = px_cli_value(c, "config");
    struct px_config_sources from = { .file = config != NULL ? config : PX_CONFIG_FILE,
                                      .environment = environ };
    struct px_report *report;
    enum err e;

    if (file != NULL)
        return span_copyz(span_str(file), path, PATH_LEN) == OK && *file != '\0'
                   ? PX_YES
                   : px_cli_usage(c, "--file needs a path");
    report = px_report_create();
    e = px_config_peek_path(&from, "credentials", report, path);
    px_report_print(report, stderr, c->color);
    px_report_destroy(report);
    if (e != OK)
        return px_cli_usage(c, "say where with --file FILE or --config FILE");
    if (path[0] == '\0')
        return px_cli_fail(c, PX_NO, "%s names no \"credentials\"; use --file FILE", from.file);
    return PX_YES;
}

/* In a directory of credentials each name has its own file. */
static bool into_directory(const char *name, char path[PATH_LEN])
{
    size_t n = strlen(path);
    struct stat st;

    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return true;
    return (size_t)snprintf(path + n, PATH_LEN - n, "/%s", name) < PATH_LEN - n;
}

/* Does the file's last line lack its end? */
static bool unfinished(int fd)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char last = '\n';

    return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

/* Adds the line whole or not at all, beside others who do the same. */
static bool append(const char *path, struct span line)
{
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    char room[256];
    struct buf out = BUF_OF(room);
    bool fine;
    int why;

    if (fd < 0)
        return false;
    fine = flock(fd, LOCK_EX) == 0;
    if (fine && unfinished(fd))
        buf_byte(&out, '\n');
    buf_put(&out, line);
    fine = fine && write(fd, out.p, out.n) == (ssize_t)out.n && fsync(fd) == 0;
    why = errno;
    (void)close(fd);
    errno = why;
    return fine;
}

static void print_token(const struct px_cli *c, const char *name, const char *token,
                        const char *path)
{
    char room[PATH_LEN * 6 + 512];
    struct buf out = BUF_OF(room);
    struct json_out json = json_to(&out);

    if (!c->json) {
        printf("%s\n", token);
        (void)fprintf(stderr,
                      "This token is %s's and is shown only now. Its hash is in %s.\n"
                      "Clients send it as: Authorization: Bearer TOKEN\n",
                      name, path);
        return;
    }
    json_open(&json, '{');
    json_member_i64(&json, "schema", 1);
    json_member_z(&json, "name", name);
    json_member_z(&json, "token", token);
    json_member_z(&json, "file", path);
    json_close(&json, '}');
    printf("%s\n", buf_z(&out));
    secret_wipe(room, sizeof room);
}

static int run_new(const struct px_cli *c)
{
    const char *name = c->operand[0];
    char path[PATH_LEN], token[PX_TOKEN], line[PX_CREDENTIAL_NAME + 128];
    struct buf out = BUF_OF(line);
    int e;

    if (!px_credential_name_ok(name))
        return px_cli_usage(c, "a name has small letters, digits and .-_ inside, 63 at most");
    if ((e = find_file(c, path)) != PX_YES)
        return e;
    if (!into_directory(name, path))
        return px_cli_fail(c, PX_NO, "the path is too long");
    px_credential_new(name, token, &out);
    if (append(path, buf_span(&out)))
        print_token(c, name, token, path);
    else
        e = px_cli_fail(c, PX_NO, "%s: %s", path, strerror(errno));
    secret_wipe(token, sizeof token);
    return e;
}

#define OPTION_FILE                                                                                \
    {                                                                                              \
        "file", 'f', "FILE", "file or directory of credentials, instead of the configuration's"    \
    }

static const struct px_option options[] = { PX_OPTION_CONFIG, OPTION_FILE, { .name = NULL } };

const struct px_command px_cmd_credential_new = {
    .name = "credential new",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "a new API token for NAME; printed once, stored as a hash",
    .help = "NAME is the merchant: idempotency keys and payments belong to it. A second token for\n"
            "the same name works beside the first, so that one can be replaced without a gap; to\n"
            "take a token away delete its line. A running gateway reads the file when it starts.",
    .option = options,
    .json = true,
    .run = run_new,
};

static void list_json(const struct px_credentials *credentials)
{
    char room[PATH_LEN * 6 + 512];

    printf("{\"schema\":1,\"credentials\":[");
    for (unsigned i = 0; i < px_credentials_count(credentials); i++) {
        struct px_credential one = px_credentials_at(credentials, i);
        struct buf out = BUF_OF(room);
        struct json_out json = json_to(&out);

        json_open(&json, '{');
        json_member_z(&json, "name", one.name);
        json_member_z(&json, "hash_begins", one.print);
        json_member_z(&json, "file", one.file);
        json_member_i64(&json, "line", one.line);
        json_close(&json, '}');
        printf("%s%s", i > 0 ? "," : "", buf_z(&out));
    }
    printf("]}\n");
}

static void list(const struct px_credentials *credentials)
{
    printf("%-32s %-12s %s\n", "NAME", "HASH BEGINS", "STANDS AT");
    for (unsigned i = 0; i < px_credentials_count(credentials); i++) {
        struct px_credential one = px_credentials_at(credentials, i);

        printf("%-32s %-12s %s:%u\n", one.name, one.print, one.file, one.line);
    }
}

static int run_list(const struct px_cli *c)
{
    struct px_report *report;
    struct px_credentials *credentials = NULL;
    char path[PATH_LEN];
    const char *const paths[] = { path };
    int e = find_file(c, path);

    if (e != PX_YES)
        return e;
    report = px_report_create();
    if (px_credentials_load(paths, 1, report, &credentials) != OK)
        e = PX_NO;
    else if (c->json)
        list_json(credentials);
    else
        list(credentials);
    px_report_print(report, stderr, c->color);
    px_report_destroy(report);
    px_credentials_destroy(credentials);
    return e;
}

const struct px_command px_cmd_credential_list = {
    .name = "credential list",
    .summary = "who may call the API",
    .help = "Shows names and the beginnings of the tokens' hashes; tokens are stored nowhere.",
    .option = options,
    .json = true,
    .run = run_list,
};
