#!/usr/bin/env python3
"""Drills: what a fleet does when a provider or Redis fails, counted at the checkout and in the providers' ledger.

    loadtest/drills.py failover [--fault refuse|hang|errors|reset]   one provider dies under load
    loadtest/drills.py recovery [--fault ...]                        it dies, and comes back
    loadtest/drills.py flapping                                      it dies and comes back again and again
    loadtest/drills.py redis                                         Redis killed, frozen, back; beside runs in which it lives
    loadtest/drills.py toggle                                        an operator stops a provider: how long until every node obeys
    loadtest/drills.py all

--gateways N (2)   --rate N (1000, of the whole fleet)   --seconds S   --live redis|memory   --policy builtin|order   --json
Each gateway has a journal of its own; all share one Redis and the simulated providers. Load is open loop: latency counts
from the moment a payment was due. Exit: 0 every claim held; 1 one did not; 2 usage; 3 it could not be run.
"""
import argparse
import collections
import json
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import fleetbed  # noqa: E402
import report  # noqa: E402

SICK = "stripe"
FAULTS = {"refuse": {"fault": "refuse"},                                  # nobody listens
          "hang": {"fault": "hang", "when": "before_execute"},             # silence
          "errors": {"fault": "500", "when": "before_execute"},            # answers, but only 500
          "reset": {"fault": "reset", "when": "before_execute"}}           # connections break under the requests
DIVERTED = 25  # payments in a row that are not first sent to the sick provider
WITHHELD = ("silent", "breaker", "budget", "stopped")
SETTLE_S = 20  # for payments in doubt, after the provider is back


# ---- what the record says of one payment

def good(p):
    return p["answered"] and p["http"] in (200, 201) and p["status"] in ("approved", "captured")


def in_doubt(p):
    """It may have been executed somewhere: by law nobody else may be asked."""
    return any(a["evidence"] not in ("answered", "not_sent", "refused") for a in p["attempts"])


def asked(p):
    """Attempts in which somebody was asked; the gateway withholds one when it knows better."""
    return [a for a in p["attempts"] if a["evidence"] != "not_sent" or a["reason"] not in WITHHELD]


def first(p):
    return asked(p)[0]["provider"] if asked(p) else None


def felt(p, provider=SICK):
    """The sick provider was asked and did not simply answer."""
    return any(a["provider"] == provider and a["evidence"] != "answered" for a in asked(p))


def slow(p):
    """Told 202 though nothing is in doubt: the gateway's patience ended first, and it goes on."""
    return p["http"] == 202 and not in_doubt(p)


def could_have(p):
    """The customer saw a failure that a healthy provider could have taken."""
    return not good(p) and not in_doubt(p) and not slow(p)


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))] / 1000 if values else 0.0


def usual(payments, q, since_us, until_us, window_us=500000):
    """The median over half seconds of each one's quantile, ms: what others do to this machine for a moment is left out."""
    windows = collections.defaultdict(list)
    for p in payments:
        if since_us <= p["due_us"] < until_us:
            windows[(p["due_us"] - since_us) // window_us].append(p["latency_us"])
    return statistics.median(quantile(w, q) for w in windows.values())


def by_node(payments):
    nodes = collections.defaultdict(list)
    for p in payments:
        nodes[p["node"]].append(p)
    return nodes


def diverted_after(payments, since_us, provider=SICK):
    """Milliseconds until a node's payments went elsewhere (DIVERTED in a row), and how many felt it before; None: never."""
    later = [p for p in payments if p["due_us"] >= since_us]
    run = 0
    for i, p in enumerate(later):
        run = 0 if first(p) == provider else run + 1
        if run == DIVERTED:
            return (later[i - DIVERTED + 1]["due_us"] - since_us) / 1000
    return None


def share(payments, provider=SICK):
    return sum(first(p) == provider for p in payments) / len(payments) if payments else 0.0


def back_after(payments, since_us, want, provider=SICK, window_us=500000):
    """Milliseconds until half a second's payments went there again with 90 % of the share it had; None: never."""
    end = payments[-1]["due_us"]
    at = since_us
    while at + window_us <= end:
        there = [p for p in payments if at <= p["due_us"] < at + window_us]
        if there and share(there, provider) >= 0.9 * want:
            return (at - since_us) / 1000
        at += 50000
    return None


# ---- claims

class Claims:
    def __init__(self, drill, options):
        self.drill, self.rows = drill, []
        self.given = {"gateways": options.gateways, "rate": options.rate, "live": options.live, "policy": options.policy}

    def say(self, what, value, wanted=None, held=None):
        """wanted None: told, but no claim."""
        self.rows.append({"what": what, "value": value, "wanted": wanted, "held": held})

    def most(self, what, value, most):
        self.say(what, value, f"<= {most:g}", value is not None and value <= most)

    def least(self, what, value, least):
        self.say(what, value, f">= {least:g}", value is not None and value >= least)

    def held(self):
        return all(r["held"] is not False for r in self.rows)

    def show(self):
        print(f"\n{self.drill}: " + ", ".join(f"{k} {v}" for k, v in self.given.items()))
        for r in self.rows:
            value = "never" if r["value"] is None else f"{r['value']:.1f}" if isinstance(r["value"], float) else str(r["value"])
            mark = "" if r["held"] is None else "ok" if r["held"] else "NOT HELD"
            print(f"  {r['what']:<66} {value:>12}  {r['wanted'] or '':<10} {mark}")


def count_books(c, fleet, payments):
    """What holds in every drill: the ledger, and failures nobody had to see."""
    def settled():
        return fleet.summary()["doubles"] == 0 and not report.contradictions(payments, fleet.charges())[0]

    end = time.monotonic() + SETTLE_S
    while not settled() and time.monotonic() < end:
        time.sleep(0.5)
    summary = fleet.summary()
    wrong = report.contradictions(payments, fleet.charges())[0]
    told = collections.Counter(report.told(p) for p in payments)
    c.say("payments", len(payments))
    c.say("told", ", ".join(f"{n} {what}" for what, n in told.most_common()))
    c.least("approved, %", 100.0 * sum(map(good, payments)) / len(payments), 0.0)
    c.most("failures that a healthy provider could have taken", sum(map(could_have, payments)), 0)
    c.say("in doubt at the sick provider (must stay with it)", sum(not good(p) and in_doubt(p) for p in payments))
    c.say("told 202 for slowness alone", sum(map(slow, payments)))
    c.most("charged twice (ledger)", summary["doubles_ever"], 0)
    c.most("contradictions between checkouts and ledger", sum(map(len, wrong.values())), 0)
    counters = [p["counters"] for p in summary["providers"].values()]
    c.most("requests that providers found wrong", sum(x["key_conflicts"] + x["key_missing"] + x["malformed"] for x in counters), 0)


def count_felt(c, payments, since_us, until_us, health, most=10):
    """Per node: how long and how many before the sick provider was left alone."""
    times, before, after = [], [], []
    for node in by_node(payments).values():
        ms = diverted_after(node, since_us)
        cut = since_us + (ms * 1000 if ms is not None else until_us)
        hit = [p for p in node if since_us <= p["due_us"] + p["latency_us"] and p["due_us"] < until_us and felt(p)]
        times.append(ms)
        before.append(sum(p["due_us"] < cut for p in hit))
        after.append(sum(p["due_us"] >= cut for p in hit))
    worst = None if None in times else max(times)
    if health:
        c.most("time until the last node diverted, ms", worst, 3500)
    else:
        c.say("time until the last node diverted, ms", worst)
    c.say("payments that felt it before, per node", "/".join(map(str, before)))
    c.say("payments that felt it later (probes), per node", "/".join(map(str, after)))
    return before


# ---- drills

def fleet_of(o, **more):
    return fleetbed.Fleet(o.folder / f"{o.drill}{len(list(o.folder.iterdir()))}", gateways=o.gateways, live=o.live, build=o.build,
                          policy=None if o.policy == "builtin" else fleetbed.ORDER, workers=o.workers, **more)


def sleep_until(us):
    time.sleep(max(0.0, (us - fleetbed.now_us()) / 1e6))


def failover(o):
    c = Claims(f"failover ({o.fault})", o)
    with fleet_of(o) as fleet:
        load = fleet.fire(o.rate, o.seconds)
        sleep_until(fleetbed.now_us() + o.seconds * 1e6 * 0.3)
        since = fleet.fault(SICK, FAULTS[o.fault])
        payments = load.payments()
        until = fleetbed.now_us()
        fleet.calm(SICK)
        count_books(c, fleet, payments)
        count_felt(c, payments, since, until, o.health)
        calm = [p["latency_us"] for p in payments if p["due_us"] < since]
        sick = [p["latency_us"] for p in payments if p["due_us"] >= since]
        c.say("share of the provider before, %", 100 * share([p for p in payments if p["due_us"] < since]))
        c.say("p50 / p99 before, ms", f"{quantile(calm, .5):.1f} / {quantile(calm, .99):.1f}")
        c.say("p50 / p99 from then on, ms", f"{quantile(sick, .5):.1f} / {quantile(sick, .99):.1f}")
    return c


def recovery(o):
    c = Claims(f"recovery ({o.fault})", o)
    with fleet_of(o) as fleet:
        load = fleet.fire(o.rate, o.seconds)
        begin = fleetbed.now_us()
        sleep_until(begin + min(3.0, o.seconds * 0.2) * 1e6)
        since = fleet.fault(SICK, FAULTS[o.fault])
        sleep_until(begin + min(8.0, o.seconds * 0.4) * 1e6)
        back = fleet.calm(SICK)
        payments = load.payments()
        count_books(c, fleet, payments)
        count_felt(c, payments, since, back, o.health)
        before = share([p for p in payments if p["due_us"] < since])
        again = [back_after(node, back, before) for node in by_node(payments).values()]
        c.say("share of the provider before, %", 100 * before)
        worst = None if None in again else max(again)
        c.most("until 90 % of its share was back at the last node, ms", worst, 60000)
        hurt = [p for p in payments if p["due_us"] >= back and felt(p)]
        c.say("payments that felt it after it was well again", len(hurt))
    return c


def flapping(o):
    c = Claims(f"flapping ({o.fault})", o)
    period, moments = max(1.0, o.seconds / 8), []
    with fleet_of(o) as fleet:
        load = fleet.fire(o.rate, o.seconds)
        begin = fleetbed.now_us()
        for n in range(1, 8):
            sleep_until(begin + n * period * 1e6)
            moments.append(fleet.fault(SICK, FAULTS[o.fault]) if n % 2 else fleet.calm(SICK))
        payments = load.payments()
        fleet.calm(SICK)
        count_books(c, fleet, payments)
        c.say(f"times it went down, {period:.1f} s each", 4)
        hits = [sum(felt(p) for p in node) for node in by_node(payments).values()]
        c.say("payments that felt it, per node", "/".join(map(str, hits)))
        down = [share([p for p in payments if moments[i] <= p["due_us"] < (moments + [payments[-1]["due_us"]])[i + 1]])
                for i in range(0, 7, 2)]
        c.say("share first sent there while it was down, %", " ".join(f"{100 * s:.0f}" for s in down))
        c.say("p50 / p99, ms", "%.1f / %.1f" % tuple(quantile([p["latency_us"] for p in payments], q) for q in (.5, .99)))
    return c


def redis(o):
    """Killed and started again, frozen and thawed, in turns with runs in which nothing happens to it."""
    c = Claims("redis", o)
    p99 = collections.defaultdict(list)
    everything = []
    with fleet_of(o, latency="5") as fleet:
        everything += fleet.fire(o.rate, 2).payments()  # connections, caches
        for _ in range(o.turns):
            for what in ("lives", "killed", "lives", "frozen"):
                load = fleet.fire(o.rate, o.seconds)
                begin = fleetbed.now_us()
                sleep_until(begin + o.seconds * 1e6 * 0.25)
                if what == "killed":
                    fleet.redis.kill()
                if what == "frozen":
                    fleet.redis.freeze()
                sleep_until(begin + o.seconds * 1e6 * 0.65)
                if what == "killed":
                    fleet.redis.start()
                if what == "frozen":
                    fleet.redis.thaw()
                payments = load.payments()
                span = begin + o.seconds * 1e6 * 0.25, begin + o.seconds * 1e6 * 0.9  # while it is gone, and when it comes back
                p99[what].append([usual(payments, q, *span) for q in (.5, .99)])
                everything += payments
        count_books(c, fleet, everything)
        c.most("payments that were not approved", sum(not good(p) for p in everything), 0)
        calm50, calm = (statistics.median(x[i] for x in p99["lives"]) for i in (0, 1))
        c.say("p50 / p99 while it lives, ms", f"{calm50:.2f} / {calm:.2f}")
        for what in ("killed", "frozen"):
            half, most = (statistics.median(x[i] for x in p99[what]) for i in (0, 1))
            c.say(f"p50 / p99 {what}, ms", f"{half:.2f} / {most:.2f}")
            c.most(f"added p50 {what}, ms", round(half - calm50, 2), 1)
            c.most(f"added p99 {what}, ms", round(most - calm, 2), 1)
    return c


def toggle(o):
    """An operator stops a provider at one node, then the next provider at another; every node is under load."""
    c = Claims("toggle", o)
    took, acts = [], []
    with fleet_of(o) as fleet:
        load = fleet.fire(o.rate, o.seconds)
        begin = fleetbed.now_us()
        for n, name in enumerate(("stripe", "adyen")):
            sleep_until(begin + o.seconds * (n + 1) / 3 * 1e6)
            said = fleetbed.now_us()
            fleet.nodes[n % o.gateways].operate(name, act="stop", for_s=1800, reason="drill")
            acts.append((name, said, fleetbed.now_us()))
        payments = load.payments()
        count_books(c, fleet, payments)
        c.most("payments that were not approved", sum(not good(p) for p in payments), 0)
        for i, (name, said, _) in enumerate(acts):
            before = [p for p in payments if (acts[i - 1][2] if i else 0) <= p["due_us"] < said - 100000]
            c.least(f"share of {name} before, %", 100 * share(before, name), 99)
            late = [p["due_us"] for p in payments if p["due_us"] >= said and first(p) == name]
            took.append((max(late) - said) / 1000 if late else 0.0)
        c.say("stops, each at another node", len(took))
        c.most("until the last payment to a stopped provider was due, worst, ms", max(took), 1000)
        c.say("until the operator's call was answered, ms", " ".join(f"{(d - s) / 1000:.0f}" for _, s, d in acts))
    return c


DRILLS = {"failover": failover, "recovery": recovery, "flapping": flapping, "redis": redis, "toggle": toggle}


def options(argv):
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("drill", choices=[*DRILLS, "all"])
    a.add_argument("--gateways", type=int, default=2)
    a.add_argument("--workers", type=int, default=1, help="of each gateway")
    a.add_argument("--rate", type=float, default=1000, help="payments a second, all gateways together")
    a.add_argument("--seconds", type=float, default=12, help="of load; recovery wants 60 or more")
    a.add_argument("--turns", type=int, default=1, help="redis: how often each is done")
    a.add_argument("--fault", choices=FAULTS, default="refuse")
    a.add_argument("--live", choices=("redis", "memory"), default="redis")
    a.add_argument("--policy", choices=("order", "builtin"), default="order")
    a.add_argument("--no-health", dest="health", action="store_false", help="claim no time to divert")
    a.add_argument("--build", default="build")
    a.add_argument("--keep", type=pathlib.Path, help="leave everything that was written here")
    a.add_argument("--json", action="store_true")
    return a.parse_args(argv)


def main(argv):
    o = options(argv)
    folder = o.keep or pathlib.Path(tempfile.mkdtemp(prefix="signalbox-drills"))
    folder.mkdir(parents=True, exist_ok=True)
    o.folder, ok, results = folder, True, []
    try:
        for name in DRILLS if o.drill == "all" else (o.drill,):
            o.drill = name
            c = DRILLS[name](o)
            ok = ok and c.held()
            results.append({"drill": c.drill, **c.given, "held": c.held(), "claims": c.rows})
            if not o.json:
                c.show()
    except (OSError, RuntimeError) as e:
        print(f"drills: {e}", file=sys.stderr)
        return 3
    finally:
        if o.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    if o.json:
        print(json.dumps(results))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
