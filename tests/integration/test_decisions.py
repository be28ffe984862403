"""The log of decisions of a real gateway: what is in it, what is not, and what becomes of its files."""
import json
import os
import pathlib
import re
import signal
import subprocess

import pytest

from town import Town, wait_for

SIGNALBOX = os.environ["SIGNALBOX"]
BINS = ("prefix,brand,type,category,issuer,country\n42424242,visa,debit,classic,Bank One,DE\n"
        "401200,visa,credit,gold,Bank Two,US\n555555,mastercard,credit,business,Bank Three,FR\n")
FEES = "brand,region,percent,fixed,fee_currency\nvisa,domestic,0.4%,0.05,EUR\n,,2.9%,0.25,EUR\n"
POLICY = """policy "Checkout"
rule "Long BIN" when bin is 42424242 and customer starts with vip use adyen then stripe
rule "Dear" when amount >= EUR 9000 use decline "above what we take"
rule "Tier" when metadata.tier is gold use split 50% stripe, 30% adyen, 20% checkoutcom by customer
rule "Cheap" when funding is debit use cheapest of stripe, adyen, checkoutcom then continue
default use split 70% stripe, 30% adyen by customer
"""
CARDS = ["4242424242424242", "4012001037141112", "5555555555554444"]
CUSTOMERS = ["vip-7781", "cus_998877", "ada.lovelace@example.com", None]


def loads(line):
    try:
        return json.loads(line)
    except ValueError:
        return None


class Logged(Town):
    rules = POLICY
    decisions = None

    def write_config(self):
        super().write_config()
        (self.tmp / "bins.csv").write_text(BINS)
        subprocess.run([SIGNALBOX, "bins", "build", str(self.tmp / "bins.csv"), "-o", str(self.tmp / "cards.bins")],
                       check=True, capture_output=True)
        (self.tmp / "fees.csv").write_text(FEES)
        (self.tmp / "checkout.route").write_text(self.rules)
        path = self.tmp / "signalbox.yaml"
        config = json.loads(path.read_text())
        config.update({"bins": "cards.bins", "policy": "checkout.route"})
        config["providers"]["stripe"].update({"fees": "fees.csv", "acquirer_country": "DE", "settles": "EUR"})
        if self.decisions is not None:
            config["decisions"] = self.decisions
        path.write_text(json.dumps(config))

    def file(self, n=0):
        return self.tmp / ("decisions.jsonl" + (".%d" % n if n else ""))

    def records(self):
        text = "".join(f.read_text() for f in sorted(self.tmp.glob("decisions.jsonl*"), reverse=True))
        return [json.loads(x) for x in text.splitlines()]

    def record(self, payment):
        def there():
            return next((x for x in self.records() if x.get("payment") == payment), None)
        return wait_for(there)

    def log(self, event):
        lines = [json.loads(x) for x in (self.tmp / "gateway.log").read_text().splitlines()]
        return [x["attributes"] for x in lines if x["body"] == event]

    def records_only(self):
        return [x for x in map(loads, self.file().read_text().splitlines()) if x and len(x) > 1]

    def shop(self, n, prefix="key"):
        """Payments of many kinds; their ids."""
        ids = []
        for i in range(n):
            wish = {"number": CARDS[i % 3], "amount": 900 + i, "currency": ["EUR", "USD"][i // 3 % 2]}
            if CUSTOMERS[i % 4]:
                wish["customer"] = {"id": CUSTOMERS[i % 4], "email": "grace@example.org"}
            if i % 2:
                wish["metadata"] = {"tier": ["gold", "silver"][i // 2 % 2], "gift note": "for Hopper"}
            answer = self.pay("%s-%d" % (prefix, i), **wish)
            ids.append(answer.body.get("id") or answer.body["payment"])  # whatever came of it
        return ids


@pytest.fixture
def town(tmp_path):
    with Logged(tmp_path) as t:
        yield t


def test_every_decision_is_one_record(town):
    ids = town.shop(24)
    wait_for(lambda: len(town.records()) == 24)
    records = town.records()
    assert [x["payment"] for x in records] == ids
    for r in records:
        assert r["schema"] == "signalbox.decision/1"
        assert len(r["policy"]) == 16 and r["verdict"]["file"] == "checkout.route"
        assert {p["name"] for p in r["providers"]} == {"stripe", "adyen", "checkoutcom"}
        assert sorted(x[0] for x in r["plan"]["legs"] + r["plan"]["out"]) == ["adyen", "checkoutcom", "stripe"]
    first = records[0]
    assert first["facts"]["bin"] == "424242" and first["facts"]["bin_digits"] == 11
    assert first["facts"]["issuer"] == "Bank One" and first["facts"]["funding"] == "debit"
    assert [a[1:5] for a in first["answers"]] == [["checkout.route", 2, 22, "yes"], ["checkout.route", 2, 42, "yes"]]
    assert all(len(a[5]) == 16 and int(a[5], 16) for a in first["answers"])
    assert first["verdict"]["rule"] == "Long BIN" and first["verdict"]["line"] == 2
    assert first["providers"][0]["cost"]["micro"] > 0 and first["providers"][1]["cost"] == {"unknown": "no_list"}
    # the same key again is no new decision; nor is another operation
    assert town.pay("key-0", number=CARDS[0], amount=900, customer={"id": CUSTOMERS[0], "email": "grace@example.org"}).body["id"] == ids[0]
    town.call("POST", "/v1/payments/%s/void" % ids[1], {}, "void-1")
    # a payment that nobody takes is decided too, and has no id
    assert town.pay("dear", amount=900000).status == 422
    wait_for(lambda: len(town.records()) == 25)
    last = town.records()[-1]
    assert "payment" not in last and last["verdict"]["decline_why"] == "above what we take"


def test_what_must_never_be_written_is_not(town):
    town.shop(16)
    assert town.pay("k", number="4000056655665556", amount=950, description="for Grace Hopper").status < 300
    wait_for(lambda: len(town.records()) == 17)
    text = town.file().read_text()
    for card in CARDS + ["4000056655665556"]:
        assert card not in text and card[:7] not in text and card[6:14] not in text
    for secret in ["vip-", "998877", "lovelace", "@", "Ada Example", "Hopper", "grace", '"737"', "gold", "silver", "sk_test"]:
        assert secret not in re.sub(r'"[0-9a-f]{16}"|"(at|payment|policy)":"[^"]*"|"(now_s|\w+_micro)":-?\d+', "", text), secret
    assert not re.search(r"(?<!\d)\d{12,19}(?!\d)", re.sub(r'"[0-9a-f]{16}"|"(within_ns|\w*_?micro)":-?\d+', "", text))
    assert town.file().stat().st_mode & 0o137 == 0


def test_it_is_whole_after_a_drain_and_new_after_usr1(town):
    town.shop(6)
    wait_for(lambda: len(town.records()) == 6)
    town.file().rename(town.tmp / "moved")
    town.gateway.send_signal(signal.SIGUSR1)
    wait_for(town.file().exists)
    town.pay("after", amount=700)
    assert town.stop_gateway() == 0
    assert len(town.file().read_text().splitlines()) == 1
    assert len((town.tmp / "moved").read_text().splitlines()) == 6


def test_files_rotate_and_old_ones_go(tmp_path):
    class Small(Logged):
        decisions = {"rotate": 1, "keep": 2}
    with Small(tmp_path) as t:
        t.stop_gateway()
        line = json.dumps({"old": "x" * 990}) + "\n"
        for n in range(3):
            t.file(n).write_text(line * (1060 if n < 2 else 3))
        with t.file().open("a") as f:
            f.write('{"schema":"half of a li')  # as SIGKILL leaves it
        t.start_gateway()
        t.pay("k1", amount=700)
        t.pay("k2", amount=701)
        t.stop_gateway()
        assert not t.file(3).exists()
        assert t.file(1).read_text().endswith("half of a li") and len(t.file(2).read_text().splitlines()) == 1060
        assert len(t.file().read_text().splitlines()) == 2


@pytest.mark.parametrize("where", ["/dev/full", "nowhere/decisions.jsonl"])
def test_a_log_that_cannot_be_written_fails_no_payment(tmp_path, where):
    class Nowhere(Logged):
        decisions = {"file": where}
    with Nowhere(tmp_path) as t:
        for i in range(5):
            assert t.pay("k%d" % i, amount=700 + i).status < 300
        wait_for(lambda: t.log("decisions.lost"))
        assert t.log("decisions.lost")[0]["records"] >= 1
        assert t.stop_gateway() == 0
        assert sum(x["records"] for x in t.log("decisions.lost")) == 5


def test_it_can_be_switched_off(tmp_path):
    class Off(Logged):
        decisions = {"enabled": False}
    with Off(tmp_path) as t:
        assert t.pay("k", amount=700).status < 300
        t.stop_gateway()
        assert not t.file().exists()


# ---- decided again ----

POLICIES = [POLICY, """policy "Value"
rule "Night" when clock "Europe/Berlin" between 22:00 and 06:00 use fastest of any
rule "Weekend" when weekday "America/New_York" in { saturday sunday } and funding is credit use best approval of any within 0.5pp of cheapest
rule "Learn" when sample 20% by payment use best value of any
default use cheapest of any
retry when amount < EUR 50 on soft_decline, do_not_honor never on insufficient_funds at most 2 times within 10s to adyen
""", """policy "Commit"
commit volume to adyen at least EUR 5000 per day in "Europe/Berlin"
rule "Behind" when commitment volume is behind use adyen then continue
rule "Regex" when bin matches /^(4242|5555)/ and metadata.tier matches /^g/ use checkoutcom then continue
rule "Sick" when approval of stripe over 15m < 50% use adyen then checkoutcom
rule "Prefix" when customer starts with cus_ or customer is "ada.lovelace@example.com" use only adyen
default use split 60% stripe, rest adyen by metadata.tier
"""]


def run(*args, **more):
    return subprocess.run([SIGNALBOX, *map(str, args)], capture_output=True, text=True, **more)


def simulate(town, *args):
    r = run("policy", "simulate", "--records", town.file(), *args, "--json")
    assert r.returncode < 2, r.stderr
    return r.returncode, json.loads(r.stdout)


def reload(town, policy):
    before = len(town.log("snapshot.in_force"))
    (town.tmp / "checkout.route").write_text(policy)
    town.gateway.send_signal(signal.SIGHUP)
    wait_for(lambda: len(town.log("snapshot.in_force")) > before)


def test_every_record_is_decided_again_the_same(town):
    for i, policy in enumerate(POLICIES):
        if i > 0:
            reload(town, policy)
        town.shop(24, "p%d" % i)
    town.stop_gateway()
    assert len({x["policy"] for x in town.records()}) == 3
    code, said = simulate(town)
    assert code == 0 and said["decisions"] == 72 and said["same"] and said["unalike"] == 0, said
    assert said["left_out"] == [] and said["unreadable"] == 0
    # one record, in sentences
    payment = town.records()[0]["payment"]
    told = run("route", "explain", town.file(), "--payment", payment)
    assert told.returncode == 0 and told.stdout.startswith("Payment %s  EUR 9.00  visa, debit, card 424242" % payment)
    assert 'rule "Long BIN" (checkout.route:2)' in told.stdout and "the same, bit for bit" in told.stdout
    assert "costs EUR 0.09" in told.stdout and "is not named by the policy" in told.stdout
    machine = json.loads(run("route", "explain", town.file(), "--line", "40", "--json").stdout)
    assert machine["again"]["same"] and machine["record"] == town.records()[39]
    # from standard input, elsewhere: the policy must be named
    line = town.file().read_text().splitlines()[0]
    assert run("route", "explain", "-", "--state", town.tmp, input=line).returncode == 0
    lost = run("route", "explain", "-", input=line, cwd=town.tmp / "certs")
    assert lost.returncode == 1 and "is not at hand" in lost.stderr
    (town.tmp / "first.route").write_text(POLICY)
    other = run("route", "explain", "-", "--policy", town.tmp / "first.route", input=line)
    assert other.returncode == 1 and "Different: the rule that decides." in other.stdout  # the file's name is
    assert run("route", "explain", town.file(), "--payment", "nobody").returncode == 1
    assert run("route", "explain", town.file(), "--line", "x").returncode == 2


def test_a_record_that_was_tampered_with_is_not_the_same(town):
    town.shop(1)
    town.stop_gateway()
    record = town.records()[0]
    record["plan"]["legs"].reverse()
    told = run("route", "explain", "-", "--state", town.tmp, input=json.dumps(record))
    assert told.returncode == 1 and "NOT the same. Different: who is asked." in told.stdout
    record["facts"]["issuer"] = "\x1b]0;owned\x07Bank"
    assert "issuer ?]0;owned?Bank" in run("route", "explain", "-", "--state", town.tmp, input=json.dumps(record)).stdout
    record["plan"]["legs"].pop()
    record["plan"]["legs"][0][1] = "because"
    told = run("route", "explain", "-", "--state", town.tmp, input=json.dumps(record))
    assert told.returncode == 1 and "legs: no value that a gateway writes" in told.stderr


NEW = """policy "New"
rule "Digits" when bin is 42424243 use only adyen
rule "Never" when currency is JPY use only adyen
rule "Off" off when currency is USD use only adyen
rule "Dollars" when currency is USD use decline "no dollars"
default use split 10% stripe, 90% checkoutcom by customer
"""


def test_another_policy_is_simulated(town):
    town.shop(24)
    town.stop_gateway()
    (town.tmp / "new.route").write_text(NEW)
    with town.file().open("a") as f:
        f.write('{"schema":"signalbox.decision/2"}\nno json\n')
    code, said = simulate(town, "--policy", town.tmp / "new.route")
    assert code == 1 and not said["same"] and said["unreadable"] == 2
    # cards 42424242... may or may not be 42424243: nobody can tell from six digits
    lost = sum(x["facts"].get("bin") == "424242" for x in town.records_only())
    assert said["decisions"] == 24 - lost == 16 and said["left_out"][0]["records"] == lost
    assert "new.route:2:20 asks for what records do not hold" in said["left_out"][0]["why"]
    dollars = [x for x in town.records_only() if x["facts"]["currency"] == "USD" and x["facts"]["bin"] != "424242"]
    assert said["declined_after"] == len(dollars) and said["declined_before"] == 0
    hits = {x["rule"]: x["hits"] for x in said["rules"]}
    assert hits == {"Digits": 0, "Never": 0, "Off": 0, "Dollars": len(dollars), "default": 16 - len(dollars)}
    assert sum(x["decisions"] for x in said["moves"]) == 16
    assert sum(x["decisions"] for x in said["moves"] if x["from"] != x["to"]) == said["changed"]
    estimate = said["approval_estimate"]
    assert 0 < estimate["before"] < 1 and estimate["after"] < estimate["before"] and estimate["before_within"] > 0
    text = run("policy", "simulate", "--policy", town.tmp / "new.route", town.file()).stdout
    assert "nobody knows what a provider would have said" in text and "never hit" in text and "declined" in text
    assert run("policy", "simulate", "--policy", town.tmp / "new.route", town.file(), "--since", "2100-01-01").returncode == 0
    assert run("policy", "simulate", "--policy", town.tmp / "new.route", town.file(), "--since", "1h").returncode == 1
    (town.tmp / "new.route").write_text(NEW.replace("bin is 42424243", "approval of adyen over 6h < 10%").replace(
        'rule "Never"', 'commit floor to adyen at least EUR 100 per day\nrule "Never"').replace("currency is JPY", "commitment floor is behind"))
    asked = simulate(town, "--policy", town.tmp / "new.route")[1]
    assert asked["unknown"] == {"over": ["6h"], "commitments": ["floor"]} and asked["left_out"] == []
    # what the old policy asked is known wherever the new one asks it
    (town.tmp / "new.route").write_text(POLICY.replace('rule "Long BIN"', 'rule "Yen" when currency is JPY use only adyen\nrule "Long BIN"'))
    same = simulate(town, "--policy", town.tmp / "new.route")[1]
    assert same["left_out"] == [] and same["same"] and same["decisions"] == 24
    (town.tmp / "new.route").write_text("policy \"x\"\ndefault use nobody\n")
    broken = run("policy", "simulate", "--policy", town.tmp / "new.route", town.file())
    assert broken.returncode == 2 and "E101" in broken.stderr
    for wrong in ([], ["nowhere.jsonl"], [town.file(), "--since", "soon"], [town.tmp / "bins.csv"]):
        assert run("policy", "simulate", *wrong).returncode == 2, wrong


def renamed(policy):
    """A policy of the library, with our providers."""
    ours = {}
    names = re.search(r"^providers (.*)$", policy, re.M)
    for i, name in enumerate(x.strip() for x in names[1].split(",")) if names else ():
        ours[name] = ("stripe", "adyen", "checkoutcom")[i % 3]
    if len(ours) > 3:
        return POLICY
    policy = policy[:policy.index("\nexpect")] if "\nexpect" in policy else policy
    return re.sub(r'"[^"]*"|[\w.-]+', lambda m: ours.get(m[0], m[0]), policy)


def test_a_diff_tells_the_share_of_recorded_traffic(town):
    town.shop(24)
    town.stop_gateway()
    old, new = town.tmp / "old.route", town.tmp / "new.route"
    old.write_text('policy "Old"\nproviders stripe, adyen\ndefault use stripe then adyen\n')
    new.write_text('policy "New"\nproviders stripe, adyen\nrule "Tier" when metadata.tier is gold use adyen\ndefault use stripe then adyen\n')
    r = run("policy", "diff", old, new, "--records", town.file(), "--json")
    said = json.loads(r.stdout)["recorded"]
    gold = said["decisions"] // 4
    assert r.returncode == 1 and (said["decisions"], said["changed"], said["left_out"]) == (24, gold, 0)
    assert sum(x["decisions"] for x in said["classes"]) == gold == 6
    assert {(x["from_rule"], x["to_rule"], x["to"]) for x in said["classes"]} == {("default", "Tier", "adyen")}
    assert "6 of 24 recorded payments change (25.00%)" in run("policy", "diff", old, new, "-r", town.file()).stdout
    assert run("policy", "diff", old, old, "--records", town.file()).returncode == 0
    assert run("policy", "diff", old, new, "--records", "nowhere").returncode == 2
    new.write_text(new.read_text().replace("default", 'rule "Yen" when currency is JPY use adyen\ndefault'))
    idle = run("policy", "lint", new, "--records", town.file()).stderr
    assert 'new.route:4:6: warning[W308]: none of 24 recorded decisions needed this rule' in idle
    assert "new.route:3:6: warning[W308]: none of" not in idle and 'rule "Yen" off' in idle
    assert run("policy", "lint", new, "--records", "nowhere").returncode == 2


@pytest.mark.long
def test_thousands_of_decisions_are_made_again_bit_for_bit(tmp_path):
    with Logged(tmp_path, workers=2) as t:
        (tmp_path / "token").write_text(t.token)
        library = [p.read_text() for p in sorted((pathlib.Path(os.environ["SOURCE"]) / "policies/library").glob("*.route"))]
        library = [p for p in library if "from \"" not in p]
        for i, policy in enumerate(POLICIES + [renamed(x) for x in library]):
            t.calm()
            if i % 3 > 0:  # breakers open, half-open and close again meanwhile
                t.fault(["stripe", "adyen"][i % 2], fault="refused_stream", rate=0.9)
            reload(t, policy)
            said = subprocess.run([os.environ["FIRE"], "--url", "https://localhost:" + t.address[1], "--ca", str(tmp_path / "certs/ca.pem"),
                                   "--token", str(tmp_path / "token"), "--rate", "400", "--duration", "2", "--json",
                                   "--mix", "visa:60,mastercard:20,declined:10,amex:10"], capture_output=True, text=True)
            assert said.returncode in (0, 1), said.stderr
        t.stop_gateway()
        code, said = simulate(t)
        print(said["decisions"], len({x["policy"] for x in t.records()}))
        assert code == 0 and said["decisions"] > 5000 and said["unalike"] == 0 and said["left_out"] == []
        breakers = {p["view"].get("breaker") for x in t.records() for p in x["providers"]}
        reasons = {reason for x in t.records() for _, reason in x["plan"]["legs"] + x["plan"]["out"]}
        print(breakers, reasons)
        assert {"closed", "open", "half_open"} <= breakers and {"chosen", "next", "not_named", "breaker"} <= reasons
        assert t.log("decisions.dropped") == t.log("decisions.lost") == []
