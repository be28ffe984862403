"""Two workers, one journal: the same keys from many connections at once, while providers fail.

Runs under the sanitizers too: a report makes the gateway's exit status non-zero.
"""
import random
import threading

from town import NO_BREAKERS, PROVIDERS, Town

LANES, PAYMENTS = 8, 12
FAULTS = [dict(fault="close", when="after_execute", rate=0.15), dict(fault="refused_stream", rate=0.15),
          dict(fault="500", when="before_execute", rate=0.15), dict(fault="duplicate", late_ms=100, rate=0.15)]


def at_once(lanes):
    done = [None] * len(lanes)

    def run(i):
        done[i] = lanes[i]()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(lanes))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return done


def final(town, call):
    """As a checkout does it: the same request under the same key until the answer is a last word."""
    for _ in range(100):
        answer = call()
        if answer.status not in (202, 409, 503):
            return answer
    raise AssertionError(answer)


def test_one_key_is_one_payment_whoever_asks(tmp_path):
    dice = random.Random(7)
    # about keys and locks: at such a rate of failures breakers would leave all three alone
    with Town(tmp_path / "town", workers=2, extra=NO_BREAKERS) as town:
        for name in PROVIDERS:
            town.control("PUT", "/faults/" + name, FAULTS)
        orders = [("key-%d" % i, 1000 + i) for i in range(PAYMENTS)] * (LANES // 2)
        dice.shuffle(orders)
        lanes = [orders[i::LANES] for i in range(LANES)]
        told = [x for lane in at_once([
            lambda lane=lane: [(key, final(town, lambda: town.pay(key, amount=amount))) for key, amount in lane] for lane in lanes]) for x in lane]
        town.calm()
        by_key = {}
        for key, answer in told:
            assert answer.status == 201, (key, answer)
            by_key.setdefault(key, set()).add(answer.raw)
        assert len(by_key) == PAYMENTS and all(len(raws) == 1 for raws in by_key.values()), "two answers to one key"

        # one capture, asked for by all lanes
        paid = town.pay("shared", amount=5000)
        path = "/v1/payments/%s/capture" % paid.body["id"]
        taken = at_once([lambda: final(town, lambda: town.call("POST", path, {}, "shared-c"))] * LANES)
        assert {a.status for a in taken} == {200} and len({a.raw for a in taken}) == 1, taken

        s = town.summary()
        assert s["live"] == PAYMENTS + 1 and s["doubles_ever"] == 0 and s["captured"] == 1 and s["double_captures"] == 0, s
        status = town.stop_gateway()
        assert status == 0, (status, (town.tmp / "gateway.err").read_text()[-4000:])
