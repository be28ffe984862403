"""The life of a policy in a running gateway: applied, refused, rolled back, and kept over every kind of end."""
import base64
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

from town import Town, wait_for

SIGNALBOX = os.environ["SIGNALBOX"]
ROOT = os.geteuid() == 0

RULES = """policy "Checkout"
list near from "near.csv"
rule "Near"
  when country in near
  use  adyen then stripe
default use %s
%s"""


def policy(default="only stripe", more=""):
    return RULES % (default, more)


class House(Town):
    """A town with a policy, operators, and a state folder."""

    def __init__(self, tmp, **more):
        super().__init__(tmp, **more)
        self.sock = str(self.tmp / "a" / "admin.sock")

    def write_config(self):
        super().write_config()
        (self.tmp / "a").mkdir(exist_ok=True)
        (self.tmp / "rules").mkdir(exist_ok=True)
        (self.tmp / "rules/near.csv").write_text("".join("%s\n" % x for x in ("AT", "CH", "NL")))
        self.configured(policy())
        path = self.tmp / "signalbox.yaml"
        config = json.loads(path.read_text())
        config["listen"]["admin"] = {"address": "unix:a/admin.sock", "roles": {"operator": "user:daemon", "policy_editor": "user:nobody"}}
        config["providers"]["checkoutcom"]["currencies"] = ["EUR", "USD"]
        config.update({"state": "state", "policy": "rules/checkout.route"})
        path.write_text(json.dumps(config, indent=1))

    def configured(self, text):
        (self.tmp / "rules/checkout.route").write_text(text)

    def file(self, text, name="new.route"):
        """A policy beside the configured one, so that it finds the same lists."""
        (self.tmp / "rules" / name).write_text(text)
        return str(self.tmp / "rules" / name)

    def box(self, *args, code=0, uid=None):
        argv = [SIGNALBOX, *args, "--socket", self.sock]
        if uid is not None:
            argv = ["setpriv", "--reuid=%d" % uid, "--regid=%d" % uid, "--clear-groups"] + argv
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
        assert done.returncode == code, (args, done)
        self.said = done.stderr
        return json.loads(done.stdout) if "--json" in args and done.stdout else done.stdout

    def apply(self, text, *more, code=0):
        return self.box("policy", "apply", self.file(text), "--reason", "test", "--json", *more, code=code)

    def active(self):
        return self.ask("GET", "/v1/policy")[1]

    def acts(self):
        return [x["note"] for x in self.box("policy", "history", "--json")["acts"]]

    def ask(self, method, path, body=None):
        link = http.client.HTTPConnection("gateway", timeout=30)
        link.sock = socket.socket(socket.AF_UNIX)
        link.sock.settimeout(30)
        link.sock.connect(self.sock)
        link.request(method, path, body=None if body is None else json.dumps(body),
                     headers={} if body is None else {"Content-Type": "application/json"})
        answer = link.getresponse()
        raw = answer.read()
        link.close()
        return answer.status, json.loads(raw)

    def provider(self, key, **wish):
        answer = self.pay(key, **wish)
        assert answer.status in (200, 201), answer
        return answer.body["provider"], answer.body["decision"]["policy"]

    def events(self, name):
        lines = [json.loads(x) for x in (self.tmp / "gateway.log").read_text().splitlines()]
        return [x["attributes"] for x in lines if x["body"] == name]

    def reload(self, event="snapshot.in_force"):
        before = len(self.events(event))
        self.gateway.send_signal(signal.SIGHUP)
        wait_for(lambda: len(self.events(event)) > before)

    def restart(self, how=signal.SIGTERM):
        self.stop_gateway(how)
        self.start_gateway()


@pytest.fixture
def house(tmp_path):
    with House(tmp_path) as h:
        yield h


def test_an_applied_policy_is_obeyed_at_once_and_noted(house):
    first = house.active()["revision"]
    assert house.provider("k1") == ("stripe", first)
    started = time.monotonic()
    done = house.apply(policy("only checkoutcom"))
    got = house.provider("k2")
    took = time.monotonic() - started
    print("from the command to the first payment decided by it: %.0f ms, of which the gateway's act %.1f ms" % (took * 1e3, done["took_us"] / 1e3))
    assert got == ("checkoutcom", done["revision"]) and took < 1, took
    assert (done["result"], done["previous"]) == ("done", first)
    assert done["diff"]["classes"] == 1 and done["diff"]["samples"][0]["to_route"] == "checkoutcom"
    act = house.acts()[0]
    assert (act["act"], act["revision"], act["previous"], act["why"]) == ("apply", done["revision"], first, "test")
    assert act["sent"] and act["from"].endswith("new.route") and act["by"]
    line = [json.loads(x) for x in (house.tmp / "state/audit.jsonl").read_text().splitlines()][-1]
    assert (line["what"], line["object"], line["why"], line["details"]["previous"]) == ("policy.apply", done["revision"], "test", first)
    assert house.provider("k1") == ("stripe", first)  # decided once
    assert house.apply(policy("only checkoutcom"))["result"] == "same"
    assert len(house.acts()) == 2


def test_people_are_told_what_it_would_do_before_it_does(house):
    path = house.file(policy("adyen", 'expect "A"\n  payment country DE\n  routes to adyen\n'))
    said = house.box("policy", "apply", path, "--dry-run")
    assert "expects: 1 passed, 0 failed" in said and "- stripe" in said and "+ adyen" in said
    assert "new.route:6:" in house.said and "warning[W303]" in house.said and "warning[W308]" in house.said
    assert "dry run: revision" in said and house.active()["act"] == "start"
    assert "is in force (before: " in house.box("policy", "apply", path, "-m", "as tried")
    renamed = policy("split 50% adyen, 50% stripe by customer").replace('"Near"', '"Close"').replace("adyen then stripe", "split 60% adyen, 40% stripe by customer")
    house.apply(renamed.replace('"Close"', '"Near"'))
    assert "W306" in json.dumps(house.apply(renamed)["report"])


def test_a_broken_one_leaves_the_old_in_force_and_tells_every_mistake(house):
    before = house.active()["revision"]
    doc = house.apply(policy("adjen").replace("country in near", "country in naer and fundng is debit"), code=1)
    found = [(x["code"], x["file"], x["line"]) for x in doc["report"]["findings"]]
    assert doc["result"] == "broken" and ("E101", "new.route", 6) in found and ("E102", "new.route", 4) in found and ("E103", "new.route", 4) in found
    house.box("policy", "apply", house.file(policy("adjen")), "-m", "x", code=1)
    assert "new.route:6:13: error[E101]" in house.said and "^~~~~" in house.said and "did you mean `adyen`" in house.said
    failing = policy("stripe", 'expect "A"\n  payment country DE\n  routes to adyen\n')
    doc = house.apply(failing, code=1)
    assert doc["result"] == "unproven" and doc["expects"]["failures"][0]["name"] == "A"
    (house.tmp / "rules/gone.route").write_text(policy().replace("near.csv", "far.csv"))
    house.box("policy", "apply", str(house.tmp / "rules/gone.route"), "-m", "x", code=1)
    assert "far.csv" in house.said and "No such file" in house.said
    assert house.active()["revision"] == before and house.provider("k1")[1] == before
    assert house.apply(failing, "--force")["result"] == "done"


def test_a_list_that_lost_nine_tenths_is_refused(house):
    countries = [a + b for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for b in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    good = [x for x in countries if x in "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BM BN BO BR BS BT BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CX CY CZ DE DJ DK DM DO DZ EC EE EG ES ET FI FJ FR GB GE GH GR HR HU IE IN IS IT JP KE KR LT LU LV MA MT MX NL NO NZ PE PL PT RO SE SI SK US ZA".split()]
    near = house.tmp / "rules/near.csv"
    near.write_text("\n".join(good) + "\n")
    house.apply(policy("adyen then stripe"))
    near.write_text("AT\n")
    doc = house.apply(policy("stripe then adyen"), code=1)
    assert doc["result"] == "broken" and "had %d rows and has 1 now: refused" % len(good) in doc["text"]
    house.configured(policy("stripe then adyen"))
    house.reload("snapshot.refused")
    assert "near.csv had" in house.active()["last_error"]
    assert house.apply(policy("stripe then adyen"), "--force")["result"] == "done"


def test_a_short_list_that_lost_all_is_refused(house):
    near = house.tmp / "rules/near.csv"
    near.write_text("country\n")  # as a spreadsheet saves it whose rows were deleted
    house.reload("snapshot.refused")
    assert "near.csv had 3 rows and has 0 now: refused" in house.active()["last_error"]
    near.write_text("\ufeffcountry\r\nAT\r\n")
    house.reload()
    assert house.provider("k1", billing={"country": "AT"})[0] == "adyen"
    assert house.provider("k2", billing={"country": "CH"})[0] == "stripe"


def test_an_old_list_and_a_retry_to_who_can_not_take_it_are_told(house):
    near = house.tmp / "rules/near.csv"
    os.utime(near, (time.time() - 45 * 86400 - 60,) * 2)
    doc = house.apply(policy("adyen then stripe"))
    assert [(x["message"], x["line"]) for x in doc["report"]["findings"] if x["code"] == "W307"] == [("its file has not changed for 45 days", 2)]
    path = house.file(policy("adyen then stripe").replace("list", "providers adyen, stripe\nlist"))
    for days, told in (("44", True), ("45", False)):
        said = subprocess.run([SIGNALBOX, "policy", "lint", "--old-lists", days, path], capture_output=True, text=True).stderr
        assert ("W307" in said) == told, said
    retry = "retry when currency is %s on soft_decline to checkoutcom\n"
    assert house.apply(policy("adyen then stripe", retry % "EUR"))["result"] == "done"
    doc = house.apply(policy("adyen then stripe", retry % "JPY"), code=1)  # its account takes EUR and USD
    assert "new.route:7:47: error[E203]: `checkoutcom` can take none of these payments: not with that currency" in doc["text"]
    doc = house.apply(policy("adyen then stripe", "retry on unknown_outcome\n"), code=1)
    assert "error[E203]" in doc["text"] and "it might be charged twice" in doc["text"]


def test_a_stale_revision_is_refused(house):
    first = house.active()["revision"]
    house.apply(policy("only adyen"), "--expect", first[:7])
    doc = house.apply(policy("only checkoutcom"), "--expect", first[:7], code=4)
    assert doc["result"] == "stale" and house.provider("k1")[0] == "adyen"
    house.box("policy", "rollback", "-m", "x", "--expect", first, code=4)
    house.box("policy", "apply", house.file(policy()), code=2)
    assert "--reason" in house.said


def test_two_applies_at_once_one_after_the_other(house):
    first = house.active()["revision"]
    paths = [house.file(policy("only %s" % x), "%s.route" % x) for x in ("adyen", "checkoutcom")]
    running = [subprocess.Popen([SIGNALBOX, "policy", "apply", p, "-m", "race", "--expect", first, "--json", "--socket", house.sock],
                                stdout=subprocess.PIPE, text=True) for p in paths]
    ends = sorted((p.communicate()[0] and p.returncode) for p in running)
    assert ends == [0, 4] and len(house.acts()) == 2


def test_rolling_back(house):
    revisions = [house.active()["revision"]] + [house.apply(policy("only %s" % x))["revision"] for x in ("adyen", "checkoutcom")]
    assert "is in force" in house.box("policy", "rollback", "--reason", "declines")
    assert house.provider("k1") == ("adyen", revisions[1])
    house.box("policy", "rollback", "--reason", "and back")
    assert house.provider("k2")[0] == "checkoutcom"
    house.box("policy", "rollback", revisions[0][:6], "--reason", "to the first")
    assert house.provider("k3") == ("stripe", revisions[0])
    assert not house.active()["differs"]  # it is what the file says
    house.box("policy", "rollback", "ffff", "--reason", "x", code=1)
    assert "no revision ffff was in force here" in house.said
    house.box("policy", "rollback", "zz", "--reason", "x", code=1)
    assert [x["act"] for x in house.acts()] == ["rollback"] * 3 + ["apply"] * 2 + ["start"]
    table = house.box("policy", "history", "--most", "2")
    assert revisions[0] + " *" in table and "to the first" in table and "declines" not in table


def test_texts_come_back_byte_for_byte(house):
    big = "# %s\n" % ("x" * 70) * 3000 + "".join("4571%02d\n" % n for n in range(100))
    (house.tmp / "rules/bins.csv").write_text(big)
    text = policy("stripe then adyen").replace("rule", 'list ours from "bins.csv"\nrule "Ours"\n  when bin in ours\n  use only adyen\nrule', 1)
    done = house.apply(text)
    assert house.box("policy", "show", "--text", "new.route") == text
    assert house.box("policy", "show", done["revision"][:5], "--text", "bins.csv") == big
    shown = house.box("policy", "show", "--json")
    assert {x["name"]: x["text"] for x in shown["texts"]} == {"new.route": text, "near.csv": "AT\nCH\nNL\n", "bins.csv": big}
    assert '######## new.route' in house.box("policy", "show") and "near.csv" in house.box("policy", "show", done["previous"])
    house.box("policy", "show", "--text", "none", code=1)
    house.box("policy", "show", "0000", code=1)
    (house.tmp / "again").mkdir()
    for x in shown["texts"]:
        (house.tmp / "again" / x["name"]).write_text(x["text"])
    assert house.box("policy", "apply", str(house.tmp / "again/new.route"), "-m", "x", "--json")["result"] == "same"


def test_a_restart_keeps_what_was_applied_and_says_so(house):
    done = house.apply(policy("only checkoutcom"))
    for how in (signal.SIGTERM, signal.SIGKILL):
        house.restart(how)
        assert house.provider("k%d" % how) == ("checkoutcom", done["revision"])
        assert house.events("policy.not_the_configured_one")[-1]["policy"] == done["revision"]
    assert [x["act"] for x in house.acts()] == ["apply", "start"] and house.active()["differs"]
    house.reload()  # for the sake of a certificate: the file is as it was
    assert house.provider("k3")[0] == "checkoutcom"
    house.configured(policy("only adyen"))  # an act of its own
    house.reload()
    assert house.provider("k4")[0] == "adyen" and not house.active()["differs"]
    house.configured(policy("only stripe"))  # in force came from the file: it is read anew
    house.restart()
    assert house.provider("k5")[0] == "stripe"
    assert [x["act"] for x in house.acts()] == ["start", "reload", "apply", "start"]


def test_what_was_applied_becomes_the_file(house):
    text = policy("only checkoutcom")
    house.apply(text)
    house.configured(text)
    house.reload()
    assert not house.active()["differs"] and house.acts()[0]["act"] == "reload"
    house.configured(policy("only adyen"))
    house.restart()
    assert house.provider("k1")[0] == "adyen"
    house.configured(policy("adyen then stripe"))
    assert house.box("policy", "apply", "-m", "the configured one", "--json")["result"] == "done"  # no FILE
    assert not house.active()["differs"] and house.acts()[0]["from"].endswith("rules/checkout.route")


def test_a_store_that_was_lost_falls_back_to_the_file(house):
    done = house.apply(policy("only checkoutcom"))
    (house.tmp / ("state/policies/%s.bundle" % done["revision"])).write_text("rubbish")
    house.restart()
    assert house.provider("k1")[0] == "stripe"
    assert done["revision"] in house.events("policy.fell_back")[-1]["why"]
    assert house.acts()[0]["act"] == "start" and "damaged" in house.acts()[0]["why"]


def test_a_store_that_can_not_be_written_stops_no_payment(house):
    policies = house.tmp / "state/policies"
    shutil.move(str(policies), str(house.tmp / "aside"))
    policies.write_text("no folder")
    doc = house.apply(policy("only adyen"), code=3)
    assert doc["result"] == "unkept" and "Not a directory" in doc["why"]
    assert house.provider("k1")[0] == "stripe"
    house.configured(policy("only checkoutcom"))
    house.reload()
    assert house.provider("k2")[0] == "checkoutcom"
    assert "Not a directory" in house.active()["not_kept"] and house.events("policy.not_kept")
    policies.unlink()
    shutil.move(str(house.tmp / "aside"), str(policies))
    assert house.apply(policy("only adyen"))["result"] == "done"
    assert house.active()["not_kept"] is None


def test_a_refused_reload_is_counted_and_told(house):
    assert house.active()["reloads_refused"] == 0
    house.configured(policy("only strpe"))
    house.reload("snapshot.refused")
    doc = house.active()
    assert (doc["reloads"], doc["reloads_refused"]) == (1, 1) and doc["last_error_at"]
    assert doc["last_error"].startswith("checkout.route:6:18: error[E101]: unknown provider `strpe`"), doc["last_error"]
    assert "! 1 of 1 reloads refused since the start" in (said := house.box("policy", "history")) and "unknown provider `strpe`" in said
    assert "! not what" not in said
    house.apply(policy("only adyen"))
    assert "! not what" in house.box("policy", "history") and house.box("policy", "history", "--json")["now"]["differs"]


def test_what_makes_no_sense_is_refused(house):
    def code(path, body):
        status, doc = house.ask("POST", path, body)
        return status, doc["error"].get("field") or doc["error"]["code"]

    assert code("/v1/policy/apply", {"reason": ""}) == (400, "reason")
    assert code("/v1/policy/apply", {"reason": "a\nb"}) == (400, "reason")
    assert code("/v1/policy/apply", {"reason": "x" * 201}) == (400, "reason")
    assert code("/v1/policy/apply", {"reason": "x", "draft": "none"}) == (404, "nothing_there")
    assert code("/v1/policy/apply", {"reason": "x", "force": "yes"}) == (400, "force")
    assert code("/v1/policy/apply", {"raeson": "x"}) == (400, "raeson")
    assert code("/v1/policy/apply", []) == (400, "malformed")
    assert code("/v1/policy/drafts", {"data": "%%%"}) == (400, "data")
    assert code("/v1/policy/drafts", {"data": "YQ==", "at": 5}) == (400, "at")
    assert code("/v1/policy/drafts", {"data": "YQ==", "at": -1}) == (400, "at")
    status, doc = house.ask("POST", "/v1/policy/drafts", {"data": base64.b64encode(b"no bundle").decode()})
    assert status == 200 and doc["bytes"] == 9
    assert code("/v1/policy/apply", {"reason": "x", "draft": doc["draft"]}) == (400, "malformed")
    assert house.ask("GET", "/v1/policy/history?n=0")[0] == 400
    assert house.ask("GET", "/v1/policy/revisions/active/texts/9")[0] == 404
    assert house.ask("GET", "/v1/policy/revisions/nothing")[0] == 404


@pytest.mark.skipif(not ROOT, reason="only root can become somebody else")
def test_an_operator_may_look_and_not_touch():
    tmp = tempfile.mkdtemp(prefix="signalbox-policy-")  # pytest's own folders are closed to other users
    os.chmod(tmp, 0o711)
    with House(tmp) as house:
        os.chmod(house.sock, 0o666)
        os.chmod(house.tmp / "rules", 0o755)
        path = house.file(policy("only adyen"))
        house.box("policy", "history", uid=1)
        house.box("policy", "apply", path, "-m", "x", uid=1, code=4)
        assert "policy_editor" in house.said
        house.box("policy", "rollback", "-m", "x", uid=1, code=4)
        assert house.provider("k1")[0] == "stripe"
        house.box("policy", "apply", path, "-m", "x", uid=65534)
        assert house.acts()[0]["by"] == "nobody" and house.provider("k2")[0] == "adyen"
    shutil.rmtree(tmp)


def test_killed_in_the_middle_of_applies_it_starts_with_one_of_them(house):
    """SIGKILL at moments of no choosing: the store can be read, and what it names decides."""
    paths = [house.file(policy("only %s" % x, "# %d\n" % n), "p%d.route" % n) for n, x in enumerate(("adyen", "checkoutcom", "stripe") * 2)]
    for round_ in range(6):
        stop = threading.Event()

        def apply_all():
            n = 0
            while not stop.is_set():
                subprocess.run([SIGNALBOX, "policy", "apply", paths[n % len(paths)], "-m", "again", "--socket", house.sock], capture_output=True)
                n += 1

        before = len((house.tmp / "state/policies/history.jsonl").read_text().splitlines())
        thread = threading.Thread(target=apply_all)
        thread.start()
        wait_for(lambda: len((house.tmp / "state/policies/history.jsonl").read_text().splitlines()) > before, 30)
        time.sleep(0.037 * round_)
        house.stop_gateway(signal.SIGKILL)
        stop.set()
        thread.join()
        house.start_gateway()
        assert not house.events("policy.fell_back")
        acts = house.acts()
        assert house.provider("r%d" % round_)[1] == acts[0]["revision"] == house.active()["revision"]
        for act in acts[:5]:
            assert house.box("policy", "show", act["revision"], "--json")["texts"][0]["text"]
    assert len(house.acts()) > 6
