#!/usr/bin/env python3
"""Turns currencies.csv into the C table that routing/base/money.c includes. Run by meson."""
import csv
import sys

PROVIDERS = ["stripe", "adyen", "checkoutcom", "worldpay"]
NONE = 255


def main(source, target):
    with open(source, encoding="utf-8") as f:
        rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
    rows.sort(key=lambda r: r["code"])
    with open(target, "w", encoding="utf-8") as out:
        out.write("/* generated from routing/data/currencies.csv */\n")
        for r in rows:
            exponents = [r["iso"]] + [r[p] or str(NONE) for p in PROVIDERS]
            zero = sum(1 << (1 + PROVIDERS.index(p)) for p in r["zero_last"].split())
            out.write('{ "%s", %d, { %s }, %d },\n' % (r["code"], int(r["numeric"]), ", ".join(exponents), zero))


if __name__ == "__main__":
    main(*sys.argv[1:])
