#!/usr/bin/env python3
"""Turns one provider's CSV of raw codes into the sorted C table that decline.c searches.

Run by meson: declines.py stripe.csv decline_stripe.inc
"""
import csv
import sys

FLAG = {"": "PX_AS_CODE", "yes": "PX_YES_", "no": "PX_NO_"}


def main(source, target):
    with open(source, encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
    seen = {}
    for row in rows:
        key = (row["field"], row["value"])
        if key in seen:
            sys.exit("%s: %s is there twice" % (source, key))
        seen[key] = row
    with open(target, "w", encoding="utf-8") as out:
        out.write("/* generated from %s */\n" % source.rsplit("/", 1)[-1])
        for field, value in sorted(seen, key=lambda k: (k[0].encode(), k[1].encode())):
            row = seen[field, value]
            out.write('{ "%s", "%s", RT_CODE_%s, %s, %s },\n' % (
                field, value, row["code"].upper(), FLAG[row["other"]], FLAG[row["later"]]))


if __name__ == "__main__":
    main(*sys.argv[1:])
