"""`signalbox adapter judge|ask|decline`: recorded exchanges, requests, reasons.

The exchanges in tests/golden/exchanges are ours: every operation and every significant outcome of each
provider, with what must be concluded in "expect".
"""
import csv
import json
import os
import pathlib
import re
import subprocess

import pytest

SIGNALBOX = os.environ["SIGNALBOX"]
SOURCE = pathlib.Path(os.environ["SOURCE"])
GOLDEN = SOURCE / "tests/golden/exchanges"
PROVIDERS = ["adyen", "checkoutcom", "stripe"]
SECRETS = {"stripe": "whsec_golden", "checkoutcom": "golden-key",
           "adyen": "A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF"}
YES, NO, USAGE, DENIED = 0, 1, 2, 4


def run(*args, **more):
    return subprocess.run([SIGNALBOX, "adapter", *map(str, args)], capture_output=True, text=True, timeout=60,
                          **more)


def judge(exchange, *args):
    r = run("judge", *args, "-", input=exchange if isinstance(exchange, str) else json.dumps(exchange))
    assert r.returncode == YES, r.stderr
    return json.loads(r.stdout)


def golden(provider, name):
    return json.loads((GOLDEN / provider / f"{name}.json").read_text())


# ---- judge ----

@pytest.mark.parametrize("provider", PROVIDERS)
def test_recorded_exchanges_are_concluded_as_expected(provider):
    files = sorted((GOLDEN / provider).glob("*.json"))
    assert len(files) > 40
    r = run("judge", "--check", *files)
    assert (r.returncode, r.stderr, r.stdout) == (YES, "", "")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_operation_has_an_exchange(provider):
    seen = {json.loads(f.read_text())["operation"] for f in (GOLDEN / provider).glob("*.json")}
    want = {"authorize", "capture", "void", "refund", "webhook"}
    want |= {"cancel_by_reference", "reversal", "sale"} if provider == "adyen" else {"inquiry_by_id",
                                                                                     "inquiry_by_reference"}
    assert want <= seen


def test_check_finds_a_difference(tmp_path):
    exchange = golden("adyen", "declined_fraud")
    exchange["expect"]["normalized"] = "lost_card"
    exchange["expect"]["nobody"] = 1
    file = tmp_path / "x.json"
    file.write_text(json.dumps(exchange))
    r = run("judge", "--check", file)
    assert r.returncode == NO
    assert 'normalized: expected "lost_card", got "blocked_by_risk"' in r.stderr
    assert "nobody: expected 1, got nothing" in r.stderr
    del exchange["expect"]
    file.write_text(json.dumps(exchange))
    assert run("judge", "--check", file).returncode == NO


def test_several_files_are_one_line_each_and_named():
    files = sorted((GOLDEN / "stripe").glob("declined_*.json"))
    lines = [json.loads(line) for line in run("judge", *files).stdout.splitlines()]
    assert [line["file"] for line in lines] == [str(f) for f in files]
    assert "file" not in judge(golden("stripe", "limited"))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_signatures(provider, tmp_path):
    secret = tmp_path / "secret"
    for file in (GOLDEN / provider).glob("hook_*.json"):
        hook = json.loads(file.read_text())
        assert judge(hook)["signature"] == "unchecked"
        secret.write_text(SECRETS[provider] + "\n")
        told = judge(hook, "--secret-file", secret)
        assert told["signature"] == "valid" and told["outcome"] == hook["expect"]["outcome"]
        hook["webhook"]["body_raw"] = hook["webhook"]["body_raw"].replace("0", "1", 1).replace("9", "8")
        forged = judge(hook, "--secret-file", secret)
        if forged["signature"] == "valid":  # an unsigned field of Adyen's was changed
            assert provider == "adyen" and forged["outcome"] == told["outcome"]
        else:
            assert (forged["outcome"], forged["state"], forged["alarm"]) == ("info", "none", True)
        secret.write_text("00ff")
        assert judge(json.loads(file.read_text()), "--secret-file", secret)["signature"] == "invalid"


def test_an_old_signature_is_refused(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(SECRETS["stripe"])
    hook = golden("stripe", "hook_authorized")
    for now, word in ((1770000300, "valid"), (1770000301, "invalid"), (0, "valid")):
        assert judge(hook, "--secret-file", secret, "--now", now)["signature"] == word
    assert run("judge", "--now", "soon", "x").returncode == USAGE


NOT_SENT = ["dns_failure", "NXDOMAIN", "tcp connect refused", "ECONNREFUSED", "connect_timeout",
            "host unreachable", "TLS handshake failed", "certificate rejected", "ALPN mismatch",
            "lost before the first byte was sent", "queue full", "circuit_open", "REFUSED_STREAM",
            "GOAWAY, last id below ours", "not_sent", {"event": "timeout", "phase": "connect"},
            {"event": "goaway", "last_stream_id": 1, "stream_id": 3}]
DOUBT = ["timeout", "response timeout", "connection timeout", "connection_reset", "RST_STREAM CANCEL",
         "connection lost after the request", "closed before reading the body", "eof", "goaway",
         {"event": "goaway", "last_stream_id": 3, "stream_id": 3}, "truncated", "hang", "who knows"]


@pytest.mark.parametrize("event", NOT_SENT + DOUBT, ids=str)
def test_events_prove_what_they_prove(event):
    provider = PROVIDERS[len(str(event)) % 3]
    told = judge({"provider": provider, "operation": "authorize", "transport": event})
    sent = event not in NOT_SENT
    assert told["executed"] == ("unknown" if sent else "no")
    assert told["outcome"] == ("in_doubt" if sent else "error")
    assert told["failover_allowed"] is not sent
    assert told["retry_same_key"] is True
    again = judge({"provider": provider, "operation": "authorize", "transport": event,
                   "earlier_unanswered": True})
    assert (again["outcome"], again["failover_allowed"]) == ("in_doubt", False)


def test_an_answer_that_broke_off_is_no_answer():
    exchange = golden("stripe", "authorize_approved")
    exchange["transport"] = "truncated"
    assert judge(exchange)["outcome"] == "in_doubt"


@pytest.mark.parametrize("text, says", [
    ("", "not JSON"),
    ("{", "not JSON"),
    ('{"provider":"stripe","provider":"adyen"}', "duplicate"),
    ("[]", '"provider"'),
    ('{"provider":"paypal","operation":"authorize"}', "paypal"),
    ('{"provider":"adyen","operation":"guess"}', "guess"),
    ('{"provider":"adyen","operation":"refund"}', "response"),
    ('{"provider":"adyen","operation":"refund","response":{"status":"200"}}', "response"),
])
def test_bad_recordings_are_told(text, says):
    r = run("judge", "-", input=text)
    assert r.returncode == NO and says in r.stderr and r.stdout == ""


def test_files_that_can_not_be_read_are_told(tmp_path):
    r = run("judge", tmp_path / "nothing.json", GOLDEN / "stripe/limited.json")
    assert r.returncode == NO and "nothing.json" in r.stderr
    assert json.loads(r.stdout)["outcome"] == "error"  # the other one is judged all the same
    assert run("judge").returncode == USAGE


def test_no_broken_body_releases_money():
    for provider, name in (("stripe", "authorize_approved"), ("adyen", "authorize_approved"),
                           ("checkoutcom", "authorize_approved")):
        exchange = golden(provider, name)
        whole = json.dumps(exchange["response"].pop("body"))
        for cut in range(0, len(whole), 7):
            exchange["response"]["body_raw"] = whole[:cut]
            assert judge(exchange)["outcome"] == "in_doubt", whole[:cut]


# ---- decline ----

def taxonomy():
    rows = re.findall(r'^X\(\w+, "(\w+)", (\w+), (\w+), (\w+),', (SOURCE / "routing/codes.def").read_text(), re.M)
    return {word: (category.lower(), other == "true", later == "true") for word, category, other, later in rows}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_line_of_the_data_is_what_is_said(provider):
    codes = taxonomy()
    text = (SOURCE / f"proxy/adapters/data/{provider}.csv").read_text()
    rows = [r for r in csv.DictReader(l for l in text.splitlines() if not l.startswith("#"))]
    for row in rows[::5]:
        value = row["value"].replace("*", "977")
        told = json.loads(run("decline", "-p", provider, json.dumps({row["field"]: value})).stdout)
        category, other, later = codes[row["code"]]
        assert told["normalized"] == row["code"] and told["category"] == category, row
        assert told["retry_other_provider"] is (other if row["other"] == "" else row["other"] == "yes"), row
        assert told["retry_same_later"] is later, row
        assert told.get("alarm", False) is row["value"].endswith("*"), row


@pytest.mark.parametrize("provider, fields, code", [
    ("stripe", {"raw_code": "decline_code:lost_card"}, "lost_card"),
    ("stripe", {"code": "card_declined", "decline_code": "do_not_honor", "mac": "03"}, "do_not_retry"),
    ("adyen", {"raw_code": "errorCode:905_1"}, "merchant_config_error"),
    ("adyen", {"refusalReasonCode": 2, "iso8583": "51"}, "insufficient_funds"),
    ("checkoutcom", {"code": "20051"}, "insufficient_funds"),
    ("checkoutcom", {"error_codes": ["cvv_invalid"]}, "incorrect_cvc"),
    ("checkoutcom", {"response_code": 20051, "recommendation_code": "03"}, "do_not_retry"),
])
def test_fields_may_be_named_as_people_name_them(provider, fields, code):
    r = run("decline", "--provider", provider, json.dumps(fields))
    assert json.loads(r.stdout)["normalized"] == code


@pytest.mark.parametrize("args", [["-p", "stripe", "{"], ["-p", "stripe", "[]"], ["-p", "nobody", "{}"], ["{}"],
                                  ["-p", "adyen", '{"decline_code":"x"}'],
                                  ["-p", "adyen", '{"errorCode":{}}']])
def test_decline_wants_fields_it_knows(args):
    r = run("decline", *args)
    assert r.returncode == USAGE and r.stderr and not r.stdout


# ---- ask ----

PAN, CVC = "4242424242424242", "987"
CARD = {"amount": 2550, "currency": "EUR", "capture": "manual",
        "payment_method": {"type": "card", "card": {"number": PAN, "exp_month": 4, "exp_year": 2031, "cvc": CVC,
                                                    "name": "Grace Sample"}}}
CRYPTOGRAM = "AgAAAAAABk4DWZ4C28yUQAAAAAA="
TOKEN = {"amount": 2550, "currency": "EUR",
         "payment_method": {"type": "network_token",
                            "network_token": {"number": PAN, "exp_month": 4, "exp_year": 2031, "eci": "05",
                                              "cryptogram": CRYPTOGRAM}}}


def ask(provider, payment, *args):
    return run("ask", "-p", provider, *args, input=json.dumps(payment) if payment is not None else "")


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("payment", [CARD, TOKEN], ids=["card", "network_token"])
def test_nothing_secret_is_shown(provider, payment):
    r = ask(provider, payment)
    assert r.returncode == YES, r.stderr
    assert PAN not in r.stdout and "424242******4242" in r.stdout
    assert CRYPTOGRAM not in r.stdout and CRYPTOGRAM.replace("=", "%3D") not in r.stdout
    assert not re.search(r"(cvc|cvv)\W+(5D=|%5D=)?" + CVC, r.stdout)
    assert "[secret]" in r.stdout


def test_a_published_test_card_may_be_shown_and_no_other():
    assert PAN in ask("stripe", CARD, "--reveal-test-cards").stdout
    other = json.loads(json.dumps(CARD).replace(PAN, "4929000000006"))
    r = ask("stripe", other, "--reveal-test-cards")
    assert r.returncode == DENIED and "4929" not in r.stdout + r.stderr


def test_a_request_of_each_provider():
    r = json.loads(ask("adyen", CARD, "--reference", "ref1", "--merchant-account", "Shop").stdout)
    assert (r["method"], r["host"], r["path"]) == ("POST", "checkout-test.adyen.com", "/v72/payments")
    assert r["body"]["amount"] == {"currency": "EUR", "value": 2550}
    assert r["body"]["reference"] == "ref1" and r["body"]["merchantAccount"] == "Shop"
    assert r["body"]["additionalData"] == {"manualCapture": "true"}
    r = json.loads(ask("checkoutcom", CARD, "-o", "sale").stdout)
    assert r["body"]["capture"] is True and r["path"] == "/payments"
    r = json.loads(ask("stripe", CARD).stdout)
    assert r["body_raw"].startswith("amount=2550&currency=eur&capture_method=manual&confirm=true")


@pytest.mark.parametrize("provider, operation, path", [
    ("stripe", "capture", "/v1/payment_intents/id1/capture"),
    ("stripe", "void", "/v1/payment_intents/id1/cancel"),
    ("stripe", "refund", "/v1/refunds"),
    ("stripe", "inquiry_by_id", "/v1/payment_intents/id1"),
    ("adyen", "capture", "/v72/payments/id1/captures"),
    ("adyen", "reversal", "/v72/payments/id1/reversals"),
    ("adyen", "cancel_by_reference", "/v72/cancels"),
    ("checkoutcom", "refund", "/payments/id1/refunds"),
    ("checkoutcom", "inquiry_by_reference", "/payments?limit=10&skip=0&reference=ref1"),
])
def test_operations_on_a_payment(provider, operation, path):
    r = ask(provider, {"amount": 100}, "-o", operation, "--payment-id", "id1", "--reference", "ref1",
            "--currency", "EUR")
    assert r.returncode == YES, r.stderr
    assert json.loads(r.stdout)["path"] == path


@pytest.mark.parametrize("provider, payment, args, says", [
    ("adyen", {}, ["-o", "inquiry_by_id", "--payment-id", "x"], "no status inquiry"),
    ("stripe", dict(CARD, amount=1234, currency="KWD"), [], "last one 0"),
    ("stripe", dict(CARD, currency="XXQ"), [], "/currency"),
    ("stripe", {"amount": 5}, [], "/currency"),
    ("checkoutcom", {"amount": 5}, ["-o", "capture", "--currency", "EUR"], "needs its id"),
    ("checkoutcom", dict(CARD, payment_method={"type": "provider_token", "provider_token": {"adyen": "t"}}), [],
     "no token of checkoutcom"),
])
def test_what_can_not_be_asked_is_told(provider, payment, args, says):
    r = ask(provider, payment, *args)
    assert r.returncode == NO and says in r.stderr and not r.stdout


def test_ask_wants_an_operation_it_knows():
    assert ask("stripe", CARD, "-o", "tokenize").returncode == USAGE
    assert ask("stripe", CARD, "-o", "dance").returncode == USAGE
    assert run("ask", "-p", "stripe", "/nonexistent").returncode == NO
