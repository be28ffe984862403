#!/usr/bin/env python3
"""What must not compile. run.py ROOT COMPILER...

Every *.c here is compiled twice: with -DCONTROL it must pass, without it must fail, and for the
reason it was written for ("expect:" in its first comment; the log's _Generic otherwise). The control
twin keeps a missing header from passing as a success.
"""
import os
import pathlib
import re
import subprocess
import sys

FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wswitch-enum", "-Werror"]
GENERIC = "generic"  # gcc: '_Generic' selector of type ...; clang: ... any generic association type


def compile_(compiler, root, source, *more):
    command = [*compiler, *FLAGS, *more, f"-I{root}", "-c", "-o", os.devnull, str(source)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ, LC_ALL="C"))


def complaints(compiler, root, source):
    expect = re.search(r"expect: (.*?)\s*\*/", source.read_text(encoding="utf-8"))
    expect = expect[1] if expect else GENERIC
    control = compile_(compiler, root, source, "-DCONTROL")
    if control.returncode != 0:
        yield f"{source.name}: the control does not compile:\n{control.stderr}"
    tried = compile_(compiler, root, source)
    if tried.returncode == 0:
        yield f"{source.name}: compiles, and must not"
    elif expect not in tried.stderr.lower():
        yield f"{source.name}: fails, but not with {expect!r}:\n{tried.stderr}"


def main(root, *compiler):
    sources = sorted(pathlib.Path(__file__).parent.glob("*.c"))
    bad = [why for s in sources for why in complaints(compiler, root, s)]
    print("\n".join(bad) or f"{len(sources)} programs do not compile, as they should")
    return bool(bad) or not sources


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
