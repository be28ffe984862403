/* tests/fuzz/replay.c -- runs a fuzz target over every file of its corpus, without libFuzzer.
 *
 * The name is printed before the input runs, so that the last line names the one that crashed. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { INPUT_MAX = 1024 * 1024 };

static int replay(const char *dir, const char *name)
{
    char path[4096];
    uint8_t *mem;
    size_t n;
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    printf("%s\n", path);
    (void)fflush(stdout);
    f = fopen(path, "rb");
    if (f == NULL)
        return -1;
    mem = malloc(INPUT_MAX);
    n = mem == NULL ? 0 : fread(mem, 1, INPUT_MAX, f);
    (void)fclose(f);
    if (mem == NULL)
        return -1;
    /* an exact copy, so that the address sanitizer sees the first byte past the end */
    mem = realloc(mem, n > 0 ? n : 1);
    (void)LLVMFuzzerTestOneInput(mem, n);
    free(mem);
    return 0;
}

int main(int argc, char **argv)
{
    unsigned files = 0;
    struct dirent *e;
    DIR *d = argc == 2 ? opendir(argv[1]) : NULL;

    if (d == NULL) {
        (void)fprintf(stderr, "usage: %s DIR (the corpus)\n", argv[0]);
        return 2;
    }
    while ((e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        if (replay(argv[1], e->d_name) != 0) {
            perror(e->d_name);
            return 1;
        }
        files++;
    }
    (void)closedir(d);
    printf("%u inputs\n", files);
    return files > 0 ? 0 : 1; /* an empty corpus tests nothing */
}
