"""Several parts of one payment: which of them is in doubt, and what became of that one.

The simulator's ledger counts what moved; what the customer was told must be the same, or "not yet known".
"""
import pytest

from town import Town, wait_for

LOST = dict(fault="status", status=502, when="after_execute")
NEVER = dict(fault="status", status=502, when="before_execute")


@pytest.fixture(scope="module", params=["checkoutcom", "stripe"])
def town(request, tmp_path_factory):
    with Town(tmp_path_factory.mktemp("parts"), order=(request.param,)) as t:
        t.first = request.param
        yield t


def refund(town, payment, amount, key):
    return town.call("POST", "/v1/payments/%s/refunds" % payment, {"amount": amount}, key)


def refunds_done(town, payment):
    groups = town.control("GET", "/ledger/payments?payment=" + payment)["payments"]
    return sorted(a["amount"] for g in groups for c in g["charges"] for a in c["acts"] if a["did"] == "refund")


def test_a_refund_in_doubt_is_not_mistaken_for_an_earlier_one(town):
    paid = town.pay("parts-1", amount=1000, capture="automatic").body["id"]
    assert refund(town, paid, 400, "parts-1a").status in (200, 201, 202)
    # every copy is swallowed: nobody ever executes this one
    town.fault(town.first, **dict(NEVER, match={"op": "refund", "amount": 300}))
    answer = refund(town, paid, 300, "parts-1b")
    town.calm()
    assert answer.status == 202 and answer.body["status"] == "processing", answer
    assert refunds_done(town, paid) == [400]
    assert town.call("GET", "/v1/payments/" + paid).body["status"] != "refunded"


def test_a_capture_in_doubt_is_not_mistaken_for_an_earlier_one(town):
    paid = town.pay("parts-3", amount=1000).body["id"]
    path = "/v1/payments/%s/capture" % paid
    assert town.call("POST", path, {"amount": 400}, "parts-3a").status in (200, 201, 202)
    town.fault(town.first, **dict(NEVER, match={"op": "capture", "amount": 300}))
    answer = town.call("POST", path, {"amount": 300}, "parts-3b")
    town.calm()
    assert answer.status in (202, 409), answer  # not yet known; or no second capture is possible here
    assert answer.status != 202 or answer.body["status"] == "processing", answer


def test_a_refund_whose_answer_was_lost_is_found_by_its_own_reference(town):
    paid = town.pay("parts-2", amount=1000, capture="automatic").body["id"]
    assert refund(town, paid, 400, "parts-2a").status in (200, 201, 202)
    town.fault(town.first, **dict(LOST, match={"op": "refund", "amount": 300}))
    answer = refund(town, paid, 300, "parts-2b")
    town.calm()
    assert refunds_done(town, paid) == [300, 400]
    wait_for(lambda: paid not in town.unresolved())
    again = refund(town, paid, 300, "parts-2b")
    assert again.status in (200, 201) and again.body["status"] == "refunded", again
    assert refunds_done(town, paid) == [300, 400]
