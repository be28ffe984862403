#!/usr/bin/env python3
"""Is every C file as clang-format would write it? format.py [ROOT]; git ls-files says which are ours.

Versions of clang-format differ in taste; 14 (Debian 12) is the one that counts, others skip (exit 77).
"""
import re
import subprocess
import sys

OURS = "14"


def main(root):
    try:
        version = subprocess.run(["clang-format", "--version"], capture_output=True, text=True).stdout
        files = subprocess.run(["git", "-C", root, "ls-files", "-z", "*.c", "*.h"], capture_output=True, text=True,
                               check=True).stdout.split("\0")[:-1]
    except (FileNotFoundError, subprocess.CalledProcessError):
        print("no clang-format, or no git checkout")
        return 77
    if re.search(r"version (\d+)", version)[1] != OURS:
        print(f"clang-format {OURS} is the one that counts; this is {version}")
        return 77
    bad = subprocess.run(["clang-format", "--dry-run", "--Werror", *files], cwd=root, capture_output=True, text=True)
    wrong = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", bad.stderr, re.M)))
    for name in wrong:
        print(f"{name}: clang-format -i {name}")
    print(f"{len(files)} files, {len(wrong)} to format")
    return 1 if wrong or bad.returncode else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "."))
