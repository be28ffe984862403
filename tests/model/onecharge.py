#!/usr/bin/env python3
"""Can the laws of docs/one-charge.md be broken by bad luck? Walk every path and look.

The world: workers that share one journal record, providers that promise different things about
copies of a request, and a network that holds copies back, delivers them twice and swallows answers.
Three harms are looked for in every state:

    double    providers approved the payment more than once in total
    lie       the customer was told "no" (declined, not sent) and a charge stands
    lost      the journal closed the payment as a "no" and a charge stands

What needs no step of its own, because this is a search for harm and not for progress:
    - a worker that dies, or leaves a payment pending, is one that is never moved again;
    - a copy or an answer that is lost is one that is never delivered;
    - a lease is only a clock and clocks lie, so a payment may be taken over at any moment.

With all laws no path does harm. With any one of them off there is one, and the shortest is printed.
"""
import argparse
import sys
import time
from collections import deque, namedtuple

LAWS = {
    "promise": "1: a leg is in the journal before its first copy leaves",
    "sole": "2: a refusal closes an attempt only if no other copy was ever sent",
    "bound": "2: so does a decline, unless the provider gives it to every copy",
    "clean": "2: a refusal by status counts only where it is documented as not executed",
    "silence": "3: an inquiry that finds nothing closes nothing",
    "unstored": "3: who does not store its 5xx is never sent a second copy",
    "window": "3: copies are sent only while the provider still honours the key",
    "aged": "3: a payment begun again under its key counts that window from the first time",
    "fence": "4: the journal takes nothing from a worker that was replaced",
    "keep": "5: the journal does not forget",
    "tell": "5: a \"no\" is told only once the journal holds it",
}
Laws = namedtuple("Laws", LAWS)
ALL = Laws(*[True] * len(LAWS))

# What a provider promises: a decline, and a 5xx, is given again to every copy under the key; a 401
# or 429 means that nothing was executed.
Kind = namedtuple("Kind", "name keeps_declines keeps_5xx refuses_cleanly")
KEEPER = Kind("keeper", True, True, True)
FICKLE = Kind("fickle", False, True, True)
LOOSE = Kind("loose", True, False, True)
MURKY = Kind("murky", True, True, False)

Size = namedtuple("Size", "workers copies rounds")

World = namedtuple("World", "journal workers wire providers late told round began_late")
#   wire: copies (leg, sender, number, seen by the provider) that may yet be delivered
#   late: the key window is over
#   told: what the customer heard last      round: times begun, from 1
#   began_late: the last time after the key window
Journal = namedtuple("Journal", "owner leg says")  # says: open, yes, no (declined), nil (not sent)
Worker = namedtuple("Worker", "at leg copies exposed said")
#   at: idle, ask (promised, nothing sent), ask_late (the same, promised after the window), wait,
#       unsure, closed, yes, end      said: nil, or no after a decline
Provider = namedtuple("Provider", "recalls old charges declines")
#   recalls: what the next copy under the key is given      old: stored before the window ended

IDLE = Worker("idle", 0, 0, False, "nil")
NAMES = "ABC"


def put(seq, i, x):
    return seq[:i] + (x,) + seq[i + 1:]


class Walk:
    def __init__(self, laws, kinds, size):
        self.laws, self.kinds, self.size = laws, kinds, size

    # --- workers: routing/flight.c in a few lines ---

    def move(self, w, i, step, worker, **world):
        return f"{NAMES[i]} {step}", w._replace(workers=put(w.workers, i, worker), **world)

    def may_write(self, w, i):
        return not self.laws.promise or not self.laws.fence or (w.journal is not None and w.journal.owner == i)

    def promised(self, w, leg, said):
        return Worker("ask_late" if w.late else "ask", leg, 0, False, said)

    def may_send(self, w, me):
        """A first copy. Whoever slept over the window may have been replaced, and the key forgotten."""
        others_send = self.kinds[me.leg].keeps_5xx or not self.laws.unstored
        return me.at == "ask_late" or not w.late or not self.laws.window or not others_send

    def may_repeat(self, w, me):
        open_ = not w.late or not self.laws.window or (w.began_late and not self.laws.aged)
        kept = self.kinds[me.leg].keeps_5xx or not self.laws.unstored
        return open_ and kept and me.copies < self.size.copies

    def closed(self, me, how):
        return me._replace(at="closed", said="no" if "no" in (how, me.said) else "nil")

    def send(self, w, i, me, step):
        me = me._replace(at="wait", copies=me.copies + 1, exposed=me.exposed or me.copies > 0)
        wire = tuple(sorted(set(w.wire) | {(me.leg, i, me.copies, False)}))
        return self.move(w, i, f"{step} P{me.leg}", me, wire=wire)

    def from_idle(self, w, i):
        j = w.journal
        begun = Journal(i, 0, "open") if self.laws.promise else None
        if j is None:
            yield self.move(w, i, "begins, promises P0", self.promised(w, 0, "nil"), journal=begun)
        elif j.says == "open" and j.owner != i:
            found = Worker("unsure", j.leg, 0, True, "no" if j.leg else "nil")
            yield self.move(w, i, f"takes over at P{j.leg}", found, journal=j._replace(owner=i))
        elif j.says == "nil" and w.round < self.size.rounds:
            yield self.move(w, i, "begins again, promises P0", self.promised(w, 0, "nil"), journal=begun,
                            told=None, round=w.round + 1, began_late=w.late)

    def from_wait(self, w, i, me):
        yield self.move(w, i, f"gives up waiting for P{me.leg}", me._replace(at="unsure"))
        copy = (me.leg, i, me.copies, False)
        if copy in w.wire:
            free = not me.exposed or not self.laws.sole
            after = self.closed(me, "nil") if free else me._replace(at="unsure")
            yield self.move(w, i, f"learns that P{me.leg} never saw this copy", after,
                            wire=tuple(c for c in w.wire if c != copy))

    def from_unsure(self, w, i, me):
        if self.may_repeat(w, me):
            yield self.send(w, i, me, "repeats at")
        kind, p = self.kinds[me.leg], w.providers[me.leg]
        if p.charges:
            yield self.move(w, i, f"inquires at P{me.leg}: approved", me._replace(at="yes"))
        elif p.declines and (kind.keeps_declines or not self.laws.bound):
            yield self.move(w, i, f"inquires at P{me.leg}: declined", self.closed(me, "no"))
        if not p.charges and not p.declines and not self.laws.silence:
            yield self.move(w, i, f"inquires at P{me.leg}: nothing", self.closed(me, "nil"))

    def from_closed(self, w, i, me):
        if self.may_write(w, i):
            if me.leg + 1 < len(self.kinds):
                promised = Journal(i, me.leg + 1, "open") if self.laws.promise else None
                yield self.move(w, i, f"promises P{me.leg + 1}",
                                self.promised(w, me.leg + 1, me.said), journal=promised)
            if w.journal is not None:
                yield self.move(w, i, f"settles {me.said}", me._replace(at="end"),
                                journal=w.journal._replace(says=me.said), told=me.said)
        if not self.laws.tell and w.told is None:
            yield self.move(w, i, f"tells {me.said}, the journal is down", me, told=me.said)

    def from_yes(self, w, i, me):
        if self.may_write(w, i) and w.journal is not None:
            yield self.move(w, i, "settles yes", me._replace(at="end"),
                            journal=w.journal._replace(says="yes"), told="yes")

    def worker_steps(self, w, i):
        me = w.workers[i]
        if me.at == "idle":
            yield from self.from_idle(w, i)
        elif me.at in ("ask", "ask_late"):
            if self.may_send(w, me):
                yield self.send(w, i, me, "sends a copy to")
        elif me.at == "wait":
            yield from self.from_wait(w, i, me)
        elif me.at == "unsure":
            yield from self.from_unsure(w, i, me)
        elif me.at == "closed":
            yield from self.from_closed(w, i, me)
        elif me.at == "yes":
            yield from self.from_yes(w, i, me)

    def hears(self, me, answer, stored):
        """The worker's next state after an answer; `stored`: every copy is given the same."""
        alone = not me.exposed
        if answer == "approved":
            return me._replace(at="yes")
        if answer == "declined" and (stored or alone or not self.laws.bound):
            return self.closed(me, "no")
        if answer == "rejected":
            return self.closed(me, "nil")
        clean = self.kinds[me.leg].refuses_cleanly or not self.laws.clean
        if answer == "refused" and clean and (alone or not self.laws.sole):
            return self.closed(me, "nil")
        return me._replace(at="unsure")

    # --- providers and the network ---

    def executions(self, kind, p):
        """A copy arrives: (what happens, the answer, the provider after)."""
        if p.recalls is not None:
            yield f"recalls {p.recalls}", p.recalls, p
            return
        keep = p._replace(old=False)
        yield "approves", "approved", keep._replace(recalls="approved", charges=p.charges + 1)
        kept = "declined" if kind.keeps_declines else None
        yield "declines", "declined", keep._replace(recalls=kept, declines=True)
        yield "rejects", "rejected", keep._replace(recalls="rejected")
        yield "refuses (429)", "refused", p
        if not kind.refuses_cleanly:
            yield "approves and says 429", "refused", keep._replace(recalls="approved", charges=p.charges + 1)
        kept = "broken" if kind.keeps_5xx else None
        yield "breaks (500)", "broken", keep._replace(recalls=kept)
        yield "approves and breaks (500)", "broken", keep._replace(recalls=kept, charges=p.charges + 1)

    def network_steps(self, w):
        for copy in w.wire:
            leg, sender, number, _ = copy
            me = w.workers[sender]
            listens = me.at in ("wait", "unsure") and me.leg == leg
            rest = set(w.wire) - {copy}
            again = tuple(sorted(rest | {(leg, sender, number, True)}))
            once = tuple(sorted(rest))
            for what, answer, after in self.executions(self.kinds[leg], w.providers[leg]):
                there = w._replace(providers=put(w.providers, leg, after))
                what = f"P{leg} {what} {NAMES[sender]}'s copy"
                # A copy may come again, with two exceptions in which no law of ours could help: a
                # provider that charged without a word under the key, and one that answered a copy
                # with a "no" which it does not keep. They would contradict themselves.
                stored = after.recalls is not None and not after.old
                charged = after.charges > w.providers[leg].charges
                yield what + ", the answer is lost", there._replace(wire=once if charged and not stored else again)
                if listens:
                    yield what, there._replace(
                        wire=again if stored else once,
                        workers=put(w.workers, sender, self.hears(me, answer, stored)))

    def time_steps(self, w):
        if not w.late:
            # No copy outlives a fifth of the window, and none is sent in its last fifth.
            aged = tuple(p._replace(old=p.recalls is not None) for p in w.providers)
            yield "the key window ends", w._replace(late=True, wire=(), providers=aged)
        for n, p in enumerate(w.providers):
            if p.old:
                gone = p._replace(recalls=None, old=False)
                yield f"P{n} forgets the key", w._replace(providers=put(w.providers, n, gone))
        if not self.laws.keep and w.journal is not None:
            yield "the journal loses the record", w._replace(journal=None)

    def steps(self, w):
        for i in range(self.size.workers):
            yield from self.worker_steps(w, i)
        yield from self.network_steps(w)
        yield from self.time_steps(w)

    # --- the walk ---

    def start(self):
        return World(None, (IDLE,) * self.size.workers, (),
                     (Provider(None, False, 0, False),) * len(self.kinds), False, None, 1, False)

    def run(self, harms=("double", "lie", "lost")):
        """Breadth first: (states seen, one of harms or None, the shortest path to it)."""
        first = self.start()
        came, todo = {first: None}, deque([first])
        while todo:
            w = todo.popleft()
            for step, after in self.steps(w):
                if after in came:
                    continue
                came[after] = (w, step)
                harm = harm_of(after)
                if harm in harms:
                    return len(came), harm, path_to(came, after)
                todo.append(after)
        return len(came), None, []


def harm_of(w):
    charges = sum(p.charges for p in w.providers)
    if charges > 1:
        return "double"
    if charges and w.told in ("no", "nil"):
        return "lie"
    if charges and w.journal is not None and w.journal.says in ("no", "nil"):
        return "lost"
    return None


def path_to(came, w):
    path = []
    while came[w] is not None:
        w, step = came[w]
        path.append(step)
    return path[::-1]


# law off: the providers and the size in which it does harm, and which harm
NEEDED = {
    "promise": ((KEEPER, KEEPER), Size(2, 1, 1), "double"),
    "sole": ((KEEPER, KEEPER), Size(1, 2, 1), "double"),
    "bound": ((FICKLE, KEEPER), Size(1, 2, 1), "double"),
    "clean": ((MURKY, KEEPER), Size(1, 1, 1), "double"),
    "silence": ((KEEPER, KEEPER), Size(1, 1, 1), "double"),
    "unstored": ((LOOSE,), Size(1, 2, 1), "double"),
    "window": ((KEEPER,), Size(1, 2, 1), "double"),
    "aged": ((KEEPER, LOOSE), Size(2, 2, 2), "double"),
    "fence": ((KEEPER, KEEPER), Size(2, 1, 1), "double"),
    "keep": ((KEEPER, KEEPER), Size(2, 1, 1), "double"),
    "tell": ((FICKLE,), Size(2, 1, 1), "lie"),
}
ENOUGH_QUICK = [
    ((KEEPER, KEEPER), Size(2, 1, 1)),
    ((FICKLE, LOOSE), Size(2, 1, 2)),
    ((MURKY, KEEPER), Size(1, 2, 1)),
]
ENOUGH = [
    ((KEEPER, KEEPER), Size(2, 2, 2)),
    ((FICKLE, KEEPER), Size(2, 2, 2)),
    ((FICKLE, LOOSE), Size(2, 2, 2)),
    ((KEEPER, LOOSE), Size(3, 1, 2)),
    ((LOOSE, MURKY), Size(2, 2, 2)),
    ((FICKLE, LOOSE, KEEPER), Size(2, 1, 1)),
]
# By hand: 1,357,937 and 8,644,554 states, no harm, in about half an hour.
ENOUGH_SLOW = [
    ((FICKLE,), Size(3, 2, 2)),
    ((KEEPER, KEEPER), Size(2, 3, 1)),
]


def all_laws(worlds):
    bad = 0
    for kinds, size in worlds:
        began = time.monotonic()
        states, harm, path = Walk(ALL, kinds, size).run()
        names = " then ".join(k.name for k in kinds)
        print(f"all laws, {names}, {size.workers} workers, {size.copies} copies, {size.rounds} rounds: "
              f"{states} states, {harm or 'no harm'} ({time.monotonic() - began:.1f} s)", flush=True)
        print("".join(f"    {s}\n" for s in path), end="")
        bad += harm is not None
    return bad


def each_law(sound_too):
    bad = 0
    for law, (kinds, size, expected) in NEEDED.items():
        states, harm, path = Walk(ALL._replace(**{law: False}), kinds, size).run((expected,))
        verdict = "" if harm == expected else f"; EXPECTED {expected}: is the law needed?"
        if sound_too and Walk(ALL, kinds, size).run()[1]:
            verdict += "; AND HARM WITH IT: is it enough?"
        print(f"without {law} ({LAWS[law]}): {harm or 'no harm'} after {states} states{verdict}", flush=True)
        print("".join(f"    {s}\n" for s in path), end="")
        bad += bool(verdict)
    return bad


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    size = ap.add_mutually_exclusive_group()
    size.add_argument("--full", action="store_true", help="bigger worlds: about a minute")
    size.add_argument("--slow", action="store_true", help="the biggest that were ever walked: half an hour")
    args = ap.parse_args()
    if args.slow:
        return bool(all_laws(ENOUGH_SLOW))
    return bool(each_law(args.full) + all_laws(ENOUGH if args.full else ENOUGH_QUICK))


if __name__ == "__main__":
    sys.exit(main())
