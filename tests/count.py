#!/usr/bin/env python3
"""count.py TESTLOG.JSON: how many tests of one `meson test` passed and failed, as "PASSED FAILED".

A program that reports its cases one by one (TAP, pytest) counts as so many, every other as one. A
program that died counts at least one failure.
"""
import json
import re
import sys


def count(record):
    good, out = record["result"] in ("OK", "EXPECTEDFAIL"), record.get("stdout") or ""
    if record["result"] == "SKIP":
        return 0, 0
    if re.search(r"^(not )?ok\b", out, re.M):
        passed, failed = len(re.findall(r"^ok\b", out, re.M)), len(re.findall(r"^not ok\b", out, re.M))
    elif re.search(r"^(?:=+ )?(?:\d+ \w+, )*\d+ (?:passed|failed|errors?)\b.* in [\d.]+", out, re.M):
        passed = sum(map(int, re.findall(r"\b(\d+) passed", out)))
        failed = sum(map(int, re.findall(r"\b(\d+) (?:failed|error)", out)))
    else:
        passed, failed = int(good), int(not good)
    return passed, max(failed, int(not good))


def main():
    passed = failed = 0
    for line in open(sys.argv[1]):
        p, f = count(json.loads(line))
        passed, failed = passed + p, failed + f
    print(passed, failed)
    return 0 if passed + failed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
