/* proxy/state.c */
#include "proxy/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "routing/base/buf.h"

static enum err told(struct diag *why, const char *dir, int error)
{
    diag_set(why, "can not keep state in %.140s: %s", dir, strerror(error));
    if (error == ENOENT)
        diag_help(why, "make the folder it is to be in, or name another with `state:`");
    else
        diag_help(why, "let the gateway's user write there, or name another with `state:`");
    return E_IO;
}

/* Permissions can be right and the file system full or read-only: only writing tells. */
static enum err try_to_write(const char *dir, struct diag *why)
{
    char probe[PX_STATE_PATH];
    int fd;

    if (!px_state_path(dir, ".writable.XXXXXX", probe))
        return told(why, dir, ENAMETOOLONG);
    fd = mkstemp(probe);
    if (fd < 0)
        return told(why, dir, errno);
    close(fd);
    (void)unlink(probe);
    return OK;
}

enum err px_state_open(const char *dir, struct diag *why)
{
    struct stat s;

    if (mkdir(dir, PX_STATE_MODE) != 0 && errno != EEXIST)
        return told(why, dir, errno);
    if (stat(dir, &s) != 0)
        return told(why, dir, errno);
    if (!S_ISDIR(s.st_mode))
        return told(why, dir, ENOTDIR);
    return try_to_write(dir, why);
}

enum err px_state_folder(const char *dir, const char *name, struct diag *why)
{
    char path[PX_STATE_PATH];

    return px_state_path(dir, name, path)
               ? px_state_open(path, why)
               : told(why, dir == NULL ? "no folder" : dir, ENAMETOOLONG);
}

bool px_state_path(const char *dir, const char *name, char out[PX_STATE_PATH])
{
    int n = dir == NULL ? -1 : snprintf(out, PX_STATE_PATH, "%s/%s", dir, name);

    if (n < 0 || n >= PX_STATE_PATH)
        out[0] = '\0';
    return out[0] != '\0';
}
