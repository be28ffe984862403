"""The API as checkouts meet it: three clients, bad input that changes nothing, and no card number anywhere."""
import json
import re
import socket
import ssl
import subprocess

import h2.config
import h2.connection
import h2.events
import pytest

from town import CARD, PROVIDERS, Town

MASTERCARD, AMEX = "5555555555554444", "378282246310005"


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with Town(tmp_path_factory.mktemp("api")) as t:
        yield t


def curl(town, version, key):
    out = subprocess.run(
        ["curl", "-sS", "-k", version, "-o", str(town.tmp / "curl.out"), "-w", "%{http_version} %{http_code}", "-H", "Authorization: Bearer " + town.token,
         "-H", "Content-Type: application/json", "-H", "Idempotency-Key: " + key, "-d", json.dumps(town.wish()),
         "https://127.0.0.1:%s/v1/payments" % town.address[1]], capture_output=True, text=True, timeout=20)
    body = json.loads((town.tmp / "curl.out").read_text())
    (town.tmp / "curl.out").unlink()
    return out.stdout, body


def test_curl_over_http2_and_http1(town):
    spoken, body = curl(town, "--http2", "curl-2")
    assert spoken == "2 201" and body["status"] == "approved"
    spoken, body = curl(town, "--http1.1", "curl-1")
    assert spoken == "1.1 201" and body["status"] == "approved"


def test_without_a_policy_the_built_in_one_decides_and_is_named(tmp_path):
    with Town(tmp_path, policy=None) as t:
        answer = t.pay("k1")
        said = answer.body["decision"]
        assert answer.status == 201 and said["rule"] == "default" and said["at"].startswith("builtin.route:"), said
        assert re.fullmatch(r"[0-9a-f]{16}", said["policy"]) and said["policy_revision"] == int(said["policy"], 16) >> 11


def test_an_independent_http2_client(town):
    context = ssl.create_default_context(cafile=str(town.tmp / "certs" / "ca.pem"))
    context.set_alpn_protocols(["h2"])
    body = json.dumps(town.wish()).encode()
    with context.wrap_socket(socket.create_connection(("127.0.0.1", int(town.address[1]))), server_hostname="localhost") as s:
        assert s.selected_alpn_protocol() == "h2"
        c = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        c.initiate_connection()
        streams = {}
        for n in range(5):  # five at once on one connection
            i = c.get_next_available_stream_id()
            c.send_headers(i, [(":method", "POST"), (":path", "/v1/payments"), (":scheme", "https"), (":authority", "localhost"),
                               ("authorization", "Bearer " + town.token), ("content-type", "application/json"),
                               ("idempotency-key", "h2-%d" % n), ("content-length", str(len(body)))])
            c.send_data(i, body, end_stream=True)
            streams[i] = {"data": b""}
        s.sendall(c.data_to_send())
        while not all("done" in x for x in streams.values()):
            for e in c.receive_data(s.recv(65536)):
                if isinstance(e, h2.events.ResponseReceived):
                    streams[e.stream_id]["status"] = dict(e.headers)[":status"]
                elif isinstance(e, h2.events.DataReceived):
                    streams[e.stream_id]["data"] += e.data
                    c.acknowledge_received_data(e.flow_controlled_length, e.stream_id)
                elif isinstance(e, h2.events.StreamEnded):
                    streams[e.stream_id]["done"] = True
            s.sendall(c.data_to_send())
    assert all(x["status"] == "201" and json.loads(x["data"])["status"] == "approved" for x in streams.values())


BAD = {
    "malformed": ('{"amount": 1,', 400, "malformed_json"),
    "twice": ('{"amount": 1, "amount": 2}', 400, "duplicate_field"),
    "wrong_type": (dict(amount="12"), 400, "wrong_type"),
    "currency": (dict(currency="EUX"), 400, "unknown_currency"),
    "zero": (dict(amount=0), 400, "amount_not_positive"),
    "negative": (dict(amount=-5), 400, "amount_not_positive"),
    "overflow": ('{"amount": 99999999999999999999999, "currency": "EUR"}', 400, None),
    "luhn": (dict(number="4242424242424241"), 400, "card_number_luhn"),
    "expired": (dict(expiry=(1, 2020)), 400, "card_expired"),
    "unknown_field": (dict(amuont=1), 400, "unknown_field"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_names_the_field_and_changes_nothing(town, name):
    body, status, code = BAD[name]
    if isinstance(body, dict):
        expiry = body.pop("expiry", None) if "expiry" in body else None
        wish = town.wish(**body)
        if expiry:
            wish["payment_method"]["card"].update(exp_month=expiry[0], exp_year=expiry[1])
            body["expiry"] = expiry
    else:
        wish = body
    before = town.summary()
    answer = town.call("POST", "/v1/payments", wish, "bad-" + name)
    assert answer.status == status, answer
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.body["error"]["code"] == code if code else True, answer
    assert answer.body["outcome"] == "not_sent" and answer.body["retry_safe"] is True
    if code not in (None, "malformed_json"):
        assert answer.body["error"].get("field") or answer.body["error"].get("line"), answer
    after = town.summary()
    assert [after["providers"][p]["counters"]["requests"] for p in PROVIDERS] == [before["providers"][p]["counters"]["requests"] for p in PROVIDERS]
    # nothing was promised: the key is free for a good request
    assert town.pay("bad-" + name).status == 201


def test_keys(town):
    assert town.call("POST", "/v1/payments", town.wish()).body["error"]["code"] == "idempotency_key_missing"
    assert town.pay("x" * 129).body["error"]["code"] == "idempotency_key_too_long"
    assert town.pay("one").status == 201
    answer = town.pay("one", amount=1100)
    assert answer.status == 422 and answer.body["error"]["code"] == "idempotency_key_reused"


def test_size_path_method_credential(town):
    big = town.wish(description="x" * 70_000)
    assert town.call("POST", "/v1/payments", big, "big").status == 413
    assert town.call("GET", "/v2/payments").status == 404
    answer = town.call("DELETE", "/v1/payments")
    assert answer.status == 405 and "POST" in answer.headers["allow"]
    for header in (None, "Bearer wrong", "Basic Og==", "Bearer " + town.token + "x"):
        assert town.call("POST", "/v1/payments", town.wish(), "auth", headers={"Authorization": header}).status == 401
    assert town.call("POST", "/v1/payments", town.wish(), "type", headers={"Content-Type": "text/plain"}).status == 415


def test_another_merchant_sees_nothing(town):
    paid = town.pay("mine")
    other = town.new_token("other-shop")
    town.stop_gateway()
    town.start_gateway()
    mine, town.token = town.token, other
    try:
        assert town.call("GET", "/v1/payments/" + paid.body["id"]).status == 404
        assert town.call("POST", "/v1/payments/%s/capture" % paid.body["id"], {}, "theft").status == 404
        assert town.pay("mine").body["id"] != paid.body["id"]  # keys are scoped to the credential
    finally:
        town.token = mine


def test_the_life_of_a_payment_at_each_provider(town):
    for token, psp in (("pm_card_visa", "stripe"), ("8416038790273850", "adyen"), ("src_nwd3m4in3hkuddfpjsaevunhdy", "checkoutcom")):
        wish = {"amount": 2500, "currency": "EUR", "capture": "manual", "customer": {"id": "cus-1"},
                "payment_method": {"type": "provider_token", "provider_token": {psp: token}}}
        paid = town.call("POST", "/v1/payments", wish, "life-" + psp)
        assert (paid.status, paid.body.get("provider")) == (201, psp), paid
        at = "/v1/payments/" + paid.body["id"]
        captured = town.call("POST", at + "/capture", {"amount": 2000}, "life-c-" + psp)
        assert captured.status in (200, 202), captured
        over = town.call("POST", at + "/capture", {"amount": 2000}, "life-o-" + psp)
        assert over.status == 409, over
        refunded = town.call("POST", at + "/refunds", {"amount": 500}, "life-r-" + psp)
        assert refunded.status in (201, 202), (psp, refunded)
        now = town.call("GET", at).body
        assert [o["object"] for o in now["operations"]] == ["capture", "refund"], now
        void = town.call("POST", "/v1/payments", wish, "life-v-" + psp)
        gone = town.call("POST", "/v1/payments/%s/void" % void.body["id"], {}, "life-vv-" + psp)
        assert gone.status in (200, 202), gone
    s = town.summary()
    assert s["doubles_ever"] == s["double_captures"] == s["double_refunds"] == 0


def test_a_soft_decline_moves_on_and_a_hard_one_does_not(town):
    soft = town.pay("soft", number="4000000000000002")
    assert soft.status == 201 and [a["provider"] for a in soft.body["attempts"]] == ["stripe", "adyen"], soft
    hard = town.pay("hard", number="4000000000009979")
    assert hard.status == 402 and len(hard.body["attempts"]) == 1, hard
    assert hard.body["error"] and hard.body["outcome"] == "declined"


def test_a_provider_that_cannot_take_the_token_is_passed_over(town):
    tokens = {"adyen": "8415718415718415", "checkoutcom": "src_wmlfc3zyhqzehihu7giusaaawu"}
    wish = town.wish(payment_method={"type": "provider_token", "provider_token": tokens, "bin": "424242"})
    answer = town.call("POST", "/v1/payments", wish, "token-without-customer")  # which Adyen's tokens need
    assert answer.status == 201 and answer.body["provider"] == "checkoutcom", answer
    answer = town.call("POST", "/v1/payments", dict(wish, customer={"id": "c-1"}), "token-with-customer")
    assert answer.status == 201 and answer.body["provider"] == "adyen", answer


def test_openapi_is_served(town):
    answer = town.call("GET", "/openapi.json", headers={"Authorization": None})
    assert answer.status == 200 and answer.body["openapi"].startswith("3.1")


def test_no_card_number_anywhere(town):
    """Last: looks through everything the run wrote, and at what other users of the machine can see."""
    town.pay("mc", number=MASTERCARD)
    town.pay("amex", number=AMEX)
    town.call("POST", "/v1/payments", town.wish(description="my card is " + CARD), "leak")
    town.call("POST", "/v1/payments/" + CARD + CARD[:10], town.wish(), "path-" + CARD)
    cmdline = open("/proc/%d/cmdline" % town.gateway.pid, "rb").read()
    town.stop_gateway()
    files = town.written()
    assert any(f.name == "journal.db" for f in files) and any(f.name == "gateway.log" for f in files)
    for number in town.cards:
        plain, spaced = number.encode(), b"[ -]?".join(bytes([d]) for d in number.encode())
        assert plain not in cmdline
        for f in files:
            assert not re.search(spaced, f.read_bytes()), (f.name, "holds the card ending in", number[-4:])
    town.start_gateway()
