"""The journal can not be written: nothing leaves, nothing is forgotten, and it goes on by itself when there is room."""
import resource
import threading

import pytest

from town import Town, wait_for


@pytest.fixture
def town(tmp_path):
    with Town(tmp_path / "town", workers=2) as t:
        yield t


def limit(town, size):
    resource.prlimit(town.gateway.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_a_full_disk_stops_promises_and_sends_nothing(town):
    assert town.pay("before").status == 201
    limit(town, 0)  # not one byte more, in any file
    for i in range(10):
        answer = town.pay("full-%d" % i)
        assert answer.status == 503, answer
        assert answer.body["error"]["code"] == "journal_unavailable" and answer.body["outcome"] == "not_sent", answer
        assert answer.body["retry_safe"] is True
    assert town.pay("before").status in (201, 503)
    assert town.summary()["payments"] == 1
    limit(town, resource.RLIM_INFINITY)
    wait_for(lambda: town.pay("full-0").status == 201)
    for i in range(10):
        assert town.pay("full-%d" % i).status == 201
    s = town.summary()
    assert s["payments"] == 11 and s["doubles_ever"] == 0


def test_a_disk_that_fills_up_while_payments_are_out_loses_none(town):
    """The promise is kept, the outcome finds no room: told all the same, and never charged again."""
    town.control("PUT", "/settings/stripe", {"latency": {"ms": 600}})
    told = {}
    lanes = [threading.Thread(target=lambda k=k: told.__setitem__(k, town.pay(k))) for k in ("a", "b", "c")]
    for lane in lanes:
        lane.start()
    wait_for(lambda: town.summary()["providers"]["stripe"]["counters"]["requests"] >= 3)
    limit(town, 0)
    for lane in lanes:
        lane.join()
    assert {a.status for a in told.values()} <= {201, 202}, told
    limit(town, resource.RLIM_INFINITY)
    for key in told:
        wait_for(lambda: town.pay(key).status == 201)
    s = town.summary()
    assert s["payments"] == s["approved"] == 3 and s["doubles_ever"] == 0
