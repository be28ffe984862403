"""payment show and payment unresolved, beside a running gateway and without one."""
import json
import os
import signal
import sqlite3
import subprocess

import pytest

from town import Town, wait_for


def run(*args):
    return subprocess.run([os.environ["SIGNALBOX"], "payment", *args], capture_output=True, text=True, timeout=20)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with Town(tmp_path_factory.mktemp("payment")) as t:
        yield t


def show(town, word, *args):
    return run("show", word, "--journal", str(town.tmp / "journal.db"), *args)


def verdict(shown):
    return shown.stdout.splitlines()[-1]


def test_by_any_name_it_goes_by(town):
    made = town.pay("show-names", order="order 17", capture="automatic").body
    row = show(town, made["id"], "--json")
    known = json.loads(row.stdout)["payment"]
    assert row.returncode == 0 and known["id"] == made["id"]
    for name in (made["id"], "show-names", "order 17", known["provider_payment_id"], "at0_" + made["id"]):
        shown = show(town, name)
        assert shown.returncode == 0, (name, shown)
        assert shown.stdout.startswith("Payment " + made["id"]), name
        assert verdict(shown).startswith("Customer was charged once: EUR 10.99 captured at stripe"), shown.stdout


def test_the_configuration_names_the_journal(town):
    made = town.pay("show-config").body
    shown = run("show", made["id"], "-c", str(town.tmp / "signalbox.yaml"))
    assert shown.returncode == 0, shown
    assert verdict(shown) == "Customer was not charged: EUR 10.99 is authorized at stripe, nothing is captured."


def test_the_story_of_a_life(town):
    made = town.pay("show-life").body
    assert town.call("POST", "/v1/payments/%s/capture" % made["id"], {"amount": 700}, "show-capture").status < 300
    assert town.call("POST", "/v1/payments/%s/refunds" % made["id"], {"amount": 200}, "show-refund").status < 300
    shown = show(town, "show-life")
    assert "capture" in shown.stdout and "EUR 7.00" in shown.stdout, shown.stdout
    assert verdict(shown).startswith("Customer was charged once: EUR 7.00 captured at stripe"), shown.stdout
    assert verdict(shown).endswith("EUR 2.00 was given back."), shown.stdout
    assert show(town, "show-refund").stdout == shown.stdout  # an operation's key leads to its payment
    whole = json.loads(show(town, "show-life", "--json").stdout)
    assert whole["schema"] == 1 and whole["charged"] == "once" and whole["verdict"] == verdict(shown)
    assert [o["operation"] for o in whole["operations"]] == ["capture", "refund"]
    assert whole["payment"]["captured"] == 700 and whole["payment"]["refunded"] == 200


def test_what_nobody_knows_and_several(town):
    missing = show(town, "no-such-thing")
    assert missing.returncode == 1 and "no-such-thing" in missing.stderr
    for n in range(2):
        assert town.pay("show-twin-%d" % n, order="twins").status == 201
    twins = show(town, "twins")
    assert twins.returncode == 1 and "2 payments are meant" in twins.stderr
    assert twins.stdout.count("twins") == 2


def test_what_cannot_be_read(town):
    gone = run("show", "x", "--journal", "/nowhere/journal.db")
    assert gone.returncode == 3 and "/nowhere/journal.db" in gone.stderr
    other = run("show", "x", "--journal", str(town.tmp / "signalbox.yaml"))
    assert other.returncode == 3, other
    assert run("show").returncode == 2


def test_a_terminal_is_not_steered(town):
    assert town.pay("show-escape").status == 201
    db = sqlite3.connect(town.tmp / "journal.db")  # as if a provider had named its payment so
    with db:
        db.execute("update record set order_ref = ? where key = 'show-escape'", ("red \x1b[31m order\u0007",))
    db.close()
    shown = show(town, "show-escape")
    assert "\x1b" not in shown.stdout and "\x07" not in shown.stdout and "red ?[31m order?" in shown.stdout


def test_what_is_not_known_is_listed_until_it_is(tmp_path):
    with Town(tmp_path / "doubt") as town:
        journal = str(town.tmp / "journal.db")
        assert run("unresolved", "--journal", journal).stdout == "nothing is unresolved\n"
        town.fault("stripe", fault="hang")
        made = []
        try:
            made.append(town.call("POST", "/v1/payments", town.wish(), "doubt", timeout=1))
        except TimeoutError:
            pass
        wait_for(lambda: "being asked right now" in show(town, "doubt").stdout)
        town.stop_gateway(signal.SIGKILL)
        shown = show(town, "doubt")
        assert verdict(shown) == ("Not yet known whether the customer was charged, being resolved: the gateway stopped while "
                                  "asking stripe, and takes it up again when it runs."), shown.stdout
        listed = run("unresolved", "--journal", journal)
        assert listed.returncode == 0 and "1 unresolved" in listed.stdout and "EUR 10.99" in listed.stdout
        whole = json.loads(run("unresolved", "--journal", journal, "--json").stdout)
        assert whole["schema"] == 1 and [x["key"] for x in whole["unresolved"]] == ["doubt"]
        town.calm()
        town.start_gateway()
        again = town.pay("doubt")
        assert again.status == 201, again
        shown = show(town, "doubt")
        assert "taken up again" in shown.stdout, shown.stdout
        assert verdict(shown).startswith("Customer was not charged: EUR 10.99 is authorized at stripe"), shown.stdout
        assert run("unresolved", "--journal", journal).stdout == "nothing is unresolved\n"
        assert town.summary()["doubles"] == 0
