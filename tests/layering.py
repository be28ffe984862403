#!/usr/bin/env python3
"""Who may see whom. Fails with file:line when a file sees what its layer may not.

The tables below are the architecture (docs/architecture.md): a change here is a change of design and
says why in its commit. Usage: layering.py [ROOT]. Before it judges the tree it judges SAMPLES, so
that a rule which stopped working fails the test too.
"""
import pathlib
import re
import sys
from collections import namedtuple

# folder: what it may include from the project, and which outside headers (None: any)
Layer = namedtuple("Layer", "ours outside")
CORE = {"routing", "routing/base"}
LAYERS = {
    "routing/base": Layer({"routing/base"}, set()),
    "routing": Layer(CORE, set()),
    "health": Layer(CORE | {"health"}, set()),
    "policies": Layer(CORE | {"policies"}, {"pcre2.h"}),
    "proxy/adapters": Layer(CORE | {"proxy/adapters", "proxy/http.h", "proxy/crypto.h"}, set()),
    "proxy": Layer(CORE | {"proxy", "proxy/adapters", "health", "policies"}, None),
}
ISO_C = {h + ".h" for h in """assert ctype errno inttypes limits math stdalign stdarg stdatomic stdbool
                              stddef stdint stdio stdlib stdnoreturn string""".split()}

# proxy/ from the bottom up. A file includes its own row or lower; lower calls up through a callback
# it was given. A name stands for its family: `config` is config.c, config_schema.h, ...
ROWS = [
    ("tools", "body bundle clock country crypto csv duration encode fault file harden http log mail metrics near note problem report revisions state yaml zone drafts"),
    ("wire", "client conn dns exchange head http1 http2 queue resp tls wire"),
    ("ports", "adapters/ bins builtin config credentials evidence fees geo http1_server http2_inside http2_life http2_out http2_server journal live policy role server snapshot tally toggle upstream view"),
    ("payment", "answer api decide decisions desk enrich intake openapi payment pulse reconcile record route simulate story"),
    ("process", "admin/ control fleet worker rollout"),
    ("commands", "admin_address admin_client cli cmd main table"),
]

# outside header (or folder of headers): the families in proxy/ or files elsewhere that are its door
DOORS = {
    "ares.h": "proxy/dns",
    "hiredis/": "proxy/resp",
    "libfyaml.h": "proxy/yaml",
    "libpq-fe.h": "proxy/journal",
    "libsmartcols.h": "proxy/table",
    "llhttp.h": "proxy/http1",
    "maxminddb.h": "proxy/geo",
    "nghttp2/": "proxy/http2",
    "openssl/ssl.h": "proxy/tls",
    "pcre2.h": "policies/match",
    "sqlite3.h": "proxy/journal",
}

# The core is told the time and the dice, uses memory it is given, and reports instead of printing.
IMPURE = re.compile(r"""\b(time|clock|clock_gettime|gettimeofday|nanosleep|rand|srand|random
    |malloc|calloc|realloc|free|strdup|printf|fprintf|puts|fputs|putchar|perror|fopen|fread|fwrite
    |getenv|system|exit|abort|longjmp)\s*\(""", re.X)
IMPURE_ALLOWED = {"routing/base/check.c": {"fprintf", "abort"}}
BANNED = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atoll|gets|alloca)\s*\(")
REVEALERS = ("proxy/adapters/", "routing/base/pan.")
SEARCHED = ("routing", "health", "policies", "proxy", "loadtest", "tests", "tools")
TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def blank(text):
    """The code with comments and literals emptied; lines stay where they are."""
    return TEXT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def layer_of(path):
    return max((k for k in LAYERS if path.startswith(k + "/")), key=len, default=None)


def family(name):
    """http2_client.c -> http2_client, http2: the longest name first."""
    parts = name.rsplit(".", 1)[0].split("_")
    return ["_".join(parts[:n]) for n in range(len(parts), 0, -1)]


def row_of(path):
    """The row of a file in proxy/; None outside proxy/; -1 when no row names it."""
    if not path.startswith("proxy/"):
        return None
    head, _, rest = path[len("proxy/"):].partition("/")
    names = [head + "/"] if rest else family(head)
    for name in names:
        for i, (_, members) in enumerate(ROWS):
            if name in members.split():
                return i
    return -1


def through_door(path, door):
    folder, _, name = path.rpartition("/")
    return any(f"{folder}/{f}" == door for f in family(name))


def judge_include(path, quote, what):
    me = layer_of(path)
    if quote == "<":
        if LAYERS[me].outside is not None and what not in LAYERS[me].outside | ISO_C:
            yield f"{me}/ may not include <{what}>"
        for header, door in DOORS.items():
            if (what == header or (header[-1] == "/" and what.startswith(header))) and not through_door(path, door):
                yield f"<{what}> comes in through {door}*.c only"
        return
    if "/" not in what and what.endswith((".inc", ".h")) and not what.startswith("."):
        return  # made by the build, beside the object
    if layer_of(what) not in LAYERS[me].ours and what not in LAYERS[me].ours:
        yield f"{me}/ may not include {what}"
        return
    mine, theirs = row_of(path), row_of(what)
    if mine is not None and theirs is not None and -1 not in (mine, theirs) and theirs > mine:
        yield f"{ROWS[mine][0]} may not include {what} of {ROWS[theirs][0]}: take a callback instead"


def judge_code(path, line):
    for m in BANNED.finditer(line):
        yield f"{m[1]} is not called here"
    me = layer_of(path)
    if me is None:
        return
    if me.split("/")[0] != "proxy":
        for m in IMPURE.finditer(line):
            if m[1] not in IMPURE_ALLOWED.get(path, ()):
                yield f"{m[1]}(): the core is given time, dice and memory, and prints nothing"
    if "pan_reveal" in line and not path.startswith(REVEALERS):
        yield "only proxy/adapters/ may reveal a card number"


def complaints(path, text):
    """(line, what is wrong) for one file; path from the root."""
    me = layer_of(path)
    if row_of(path) == -1:
        yield 1, "stands in no row of proxy/: give its name one in ROWS"
    for no, (raw, code) in enumerate(zip(text.split("\n"), blank(text).split("\n")), 1):
        include = INCLUDE.match(raw)
        if include and me is not None:
            yield from ((no, why) for why in judge_include(path, *include.groups()))
        yield from ((no, why) for why in judge_code(path, code))


# (path, text, a part of the complaint; None: there must be none)
SAMPLES = [
    ("routing/a.c", '#include "proxy/log.h"', "routing/ may not include proxy/log.h"),
    ("routing/base/a.c", '#include "routing/plan.h"', "may not include routing/plan.h"),
    ("routing/a.c", "#include <time.h>", "may not include <time.h>"),
    ("routing/a.c", '#include "currency_table.inc"', None),
    ("health/a.c", '#include "policies/eval.h"', "may not include policies/eval.h"),
    ("policies/match.c", "#include <pcre2.h>", None),
    ("policies/eval.c", "#include <pcre2.h>", "comes in through policies/match"),
    ("proxy/adapters/a.c", '#include "proxy/log.h"', "may not include proxy/log.h"),
    ("proxy/adapters/a.c", '#include "proxy/crypto.h"', None),
    ("proxy/adapters/a.c", "#include <ev.h>", "may not include <ev.h>"),
    ("proxy/http2_client.c", "#include <nghttp2/nghttp2.h>", None),
    ("proxy/upstream.c", "#include <nghttp2/nghttp2.h>", "comes in through proxy/http2"),
    ("proxy/worker.c", "#include <openssl/ssl.h>", "comes in through proxy/tls"),
    ("proxy/crypto.c", "#include <openssl/evp.h>", None),
    ("proxy/config.c", "#include <sqlite3.h>", "comes in through proxy/journal"),
    ("proxy/upstream.c", '#include "proxy/payment.h"', "ports may not include proxy/payment.h"),
    ("proxy/admin/auth.c", '#include "proxy/main.h"', "process may not include"),
    ("proxy/payment.c", '#include "proxy/journal.h"', None),
    ("proxy/journal_store.c", '#include "proxy/journal_sql.h"', None),
    ("proxy/novelty.c", "", "stands in no row"),
    ("routing/a.c", "x = malloc(3);", "malloc()"),
    ("routing/a.c", "/* time(NULL) */ say(\"rand()\");", None),
    ("routing/a.c", "/* two\nlines of time() */\nrand();", "rand()"),
    ("routing/base/check.c", "abort();", None),
    ("routing/base/arena.c", "abort();", "abort()"),
    ("routing/a.c", "s->free_(x); arena_alloc(a, 3);", None),
    ("proxy/a_b.c", "", "stands in no row"),
    ("proxy/log.c", "time(NULL);", None),
    ("proxy/log.c", "sprintf(a, b);", "sprintf is not called"),
    ("proxy/log.c", "snprintf(a, 3, b);", None),
    ("tests/unit/test_a.c", "n = atoi(s);", "atoi is not called"),
    ("proxy/intake.c", "pan_reveal(&p);", "only proxy/adapters/"),
    ("proxy/adapters/a.c", "pan_reveal(&p);", None),
]


def samples_misjudged():
    for path, text, expected in SAMPLES:
        said = [why for _, why in complaints(path, text)]
        if expected is None and said:
            yield f"sample {path} {text!r}: complained without cause: {said}"
        elif expected is not None and not any(expected in why for why in said):
            yield f"sample {path} {text!r}: expected {expected!r}, said {said}"


def main(root):
    bad = list(samples_misjudged())
    files = [f for top in SEARCHED for f in sorted((root / top).rglob("*.[ch]"))]
    if len(files) < 20:
        bad.append(f"{root}: only {len(files)} files found; wrong root?")
    for f in files:
        path = f.relative_to(root).as_posix()
        bad += [f"{path}:{no}: {why}" for no, why in complaints(path, f.read_text(encoding="utf-8"))]
    print("\n".join(bad) or f"layers: {len(files)} files, clean")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
