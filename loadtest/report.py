#!/usr/bin/env python3
"""Holds what checkouts were told (fire --record) against what providers did (pspsim's ledger).

    loadtest/report.py RECORD LEDGER      LEDGER: a file, or http://127.0.0.1:CONTROL

Prints who was told what and what the ledger says of the same payments, then every contradiction.
Exit: 0 none; 1 some; 2 usage or unreadable input.
"""
import collections
import json
import sys
import urllib.request

ID = 26  # characters of a payment's id; attempts are "at<leg>_<id>" at the providers


def read_record(name):
    with open(name, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def read_ledger(where):
    if where.startswith("http://"):
        with urllib.request.urlopen(where.rstrip("/") + "/ledger", timeout=60) as f:
            return json.load(f)["charges"]
    with open(where, encoding="utf-8") as f:
        return json.load(f)["charges"]


def told(line):
    """One word for what the checkout knows."""
    if not line["answered"]:
        return "no answer"
    if line["http"] in (200, 201, 202, 402):
        return line["status"] or "?"
    return f"error {line['http']} {line['error'] or ''} ({line['outcome'] or '?'})"


def stands(charges):
    live = [c for c in charges if c["live"]]
    if len(live) > 1:
        return "DOUBLE"
    if live:
        return live[0]["state"]
    states = {c["state"] for c in charges}
    return states.pop() if len(states) == 1 else "+".join(sorted(states)) if states else "nothing"


def contradictions(lines, charges):
    """name of the contradiction -> what it was seen in"""
    by_payment = collections.defaultdict(list)
    for c in charges:
        by_payment[c["payment"]].append(c)
    wrong = collections.defaultdict(list)
    known = set()
    for line in lines:
        payment = (line["id"] or "")[-ID:]
        at = by_payment.get(payment, [])
        live = [c for c in at if c["live"]]
        known.add(payment)
        if line["answered"] and line["http"] in (200, 201) and line["status"] in ("approved", "captured"):
            if not live:
                wrong["told approved, but no provider holds it"].append(line["key"])
            elif live[0]["amount"] != line["amount"] or live[0]["currency"] != line["currency"]:
                wrong["another amount was charged"].append(line["key"])
        if live and line["answered"] and (line["http"] == 402 or line["outcome"] in ("not_sent", "declined")):
            wrong["told that nothing was charged, but a provider holds it"].append(line["key"])
        if line["http"] == 202 and line["status"] != "processing":
            wrong["202 without processing"].append(line["key"])
    for payment, at in by_payment.items():
        if sum(c["live"] for c in at) > 1:
            wrong["charged twice"].append(payment)
    strangers = [p for p, at in by_payment.items() if p not in known and any(c["live"] for c in at)]
    # Whoever got no answer, or an error without an id, does not know the payment's id.
    nameless = sum(1 for line in lines if not line["id"])
    if len(strangers) > nameless:
        wrong["charges that no checkout asked for"] = strangers
    return wrong, strangers, nameless


def table(lines, charges):
    by_payment = collections.defaultdict(list)
    for c in charges:
        by_payment[c["payment"]].append(c)
    cells = collections.Counter()
    for line in lines:
        at = by_payment.get((line["id"] or "")[-ID:], [])
        where = "+".join(sorted({c["provider"] for c in at if c["live"]})) if at else ""
        cells[told(line), "(id not told)" if not line["id"] else stands(at), where] += 1
    print(f"  {'checkout was told':<44} {'ledger says':<22} {'at':<14} {'payments':>8}")
    for (said, is_so, where), n in sorted(cells.items(), key=lambda kv: -kv[1]):
        print(f"  {said:<44} {is_so:<22} {where:<14} {n:8d}")


def main():
    if len(sys.argv) != 3 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if "--help" in sys.argv or "-h" in sys.argv else 2
    try:
        lines, charges = read_record(sys.argv[1]), read_ledger(sys.argv[2])
    except (OSError, ValueError, KeyError) as e:
        print(f"report: {e}", file=sys.stderr)
        return 2
    table(lines, charges)
    wrong, strangers, nameless = contradictions(lines, charges)
    tries = sum(line["tries"] for line in lines)
    copies = sum(c["copies"] for c in charges)
    print(f"\n  {len(lines)} payments in {tries} tries; {len(charges)} attempts at providers in {copies} copies;"
          f" {len(strangers)} charges whose id was not told, {nameless} checkouts without an id")
    for name, seen in wrong.items():
        print(f"  WRONG: {name}: {len(seen)}, for example {', '.join(seen[:3])}")
    print("  no contradiction" if not wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
