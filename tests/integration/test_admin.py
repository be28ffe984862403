"""The operators' API and commands against a real gateway: who may do what, and what is remembered."""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import tempfile

import pytest

from town import Town, wait_for

SIGNALBOX = os.environ["SIGNALBOX"]
ROOT = os.geteuid() == 0


class Box(Town):
    """A town whose gateway has operators. Its folder can be entered by other users."""

    def __init__(self, tmp, admin=None, **more):
        super().__init__(tmp, **more)
        self.admin = admin or {}
        self.sock = str(self.tmp / "a" / "admin.sock")

    def write_config(self):
        super().write_config()
        (self.tmp / "a").mkdir(exist_ok=True)
        path = self.tmp / "signalbox.yaml"
        config = json.loads(path.read_text())
        config["listen"]["admin"] = {"address": "unix:a/admin.sock"} | self.admin
        config["state"] = "state"
        path.write_text(json.dumps(config, indent=1))

    def box(self, *args, code=0, uid=None, socket=True, text=None):
        """One command; its stdout, or the parsed document with --json."""
        argv = [SIGNALBOX, *args] + (["--socket", self.sock] if socket else [])
        if uid is not None:
            argv = ["setpriv", "--reuid=%d" % uid, "--regid=%d" % uid, "--clear-groups"] + argv
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, input=text)
        assert done.returncode == code, (args, done)
        self.said = done.stderr
        return json.loads(done.stdout) if "--json" in args and done.stdout else done.stdout

    def audit(self):
        return [json.loads(x) for x in (self.tmp / "state" / "audit.jsonl").read_text().splitlines()]


class UnixHTTP(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("gateway", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self.path)


def ask(box, method, path, body=None, headers=None):
    link = UnixHTTP(box.sock)
    head = {"Content-Type": "application/json"} if body is not None else {}
    link.request(method, path, body=None if body is None else json.dumps(body), headers=head | (headers or {}))
    answer = link.getresponse()
    raw = answer.read()
    link.close()
    return answer.status, json.loads(raw)


@pytest.fixture(scope="module")
def box():
    tmp = tempfile.mkdtemp(prefix="signalbox-admin-")  # pytest's own folders are closed to other users
    os.chmod(tmp, 0o711)
    admin = {"roles": {"viewer": ["user:nobody"], "operator": "user:daemon"}}
    with Box(tmp, admin=admin) as b:
        yield b
    shutil.rmtree(tmp)


def test_status_comes_over_the_socket(box):
    doc = box.box("status", "--json")
    assert doc["schema"] == 1
    assert [p["name"] for p in doc["providers"]] == ["stripe", "adyen", "checkoutcom"]


def test_the_socket_is_for_owner_and_group(box):
    assert stat.S_IMODE(os.stat(box.sock).st_mode) == 0o660


def test_unknown_paths_methods_and_bodies_are_told(box):
    assert ask(box, "GET", "/v1/nothing")[1]["error"]["code"] == "unknown_path"
    status, doc = ask(box, "DELETE", "/v1/status")
    assert (status, doc["error"]["code"]) == (405, "method_not_allowed")
    assert ask(box, "GET", "/v1/audit?from=x")[0] == 400
    assert ask(box, "GET", "/v1/audit?from=-1")[0] == 400


def test_the_payments_port_knows_nothing_of_it(box):
    assert box.call("GET", "/v1/status").status == 404
    assert box.call("GET", "/v1/audit").status == 404


def test_nobody_listening_is_exit_3(tmp_path):
    done = subprocess.run([SIGNALBOX, "status", "--socket", str(tmp_path / "none.sock")], capture_output=True, text=True)
    assert done.returncode == 3 and "can not be reached" in done.stderr


def test_the_configuration_names_the_socket(box):
    box.box("status", "-c", str(box.tmp / "signalbox.yaml"), socket=False)


@pytest.mark.skipif(not ROOT, reason="only root can become somebody else")
def test_who_has_no_role_gets_nothing_and_is_written_down(box):
    os.chmod(box.sock, 0o666)
    try:
        box.box("status", uid=12345, code=4)
        assert "uid 12345 has no role here" in box.said
        line = box.audit()[-1]
        assert (line["actor"], line["what"], line["result"]) == ("uid 12345", "refused", "refused")
        assert "GET /v1/status" == line["object"]
        assert box.box("status", "--json", uid=65534)["schema"] == 1
    finally:
        os.chmod(box.sock, 0o660)


def test_a_socket_left_behind_is_replaced(tmp_path):
    with Box(tmp_path) as b:
        b.stop_gateway(signal.SIGKILL)
        assert os.path.exists(b.sock)
        b.start_gateway()
        b.box("status")
        b.stop_gateway()
        assert not os.path.exists(b.sock)


def test_a_socket_in_use_is_left_alone(tmp_path):
    with Box(tmp_path) as b:
        second = subprocess.run([SIGNALBOX, "serve", "-c", str(tmp_path / "signalbox.yaml"), "--set", "state=%s" % (tmp_path / "other"),
                                 "--set", "journal=sqlite:%s" % (tmp_path / "other.db")],
                                capture_output=True, text=True, timeout=30)
        assert second.returncode == 1 and "another gateway listens" in second.stderr
        b.box("status")


def test_what_is_no_socket_is_left_alone(tmp_path):
    b = Box(tmp_path)
    b.tmp.mkdir(exist_ok=True)
    b.start_sim()
    try:
        b.write_config()
        b.token = b.new_token()
        pathlib.Path(b.sock).write_text("mine")
        done = subprocess.run([SIGNALBOX, "serve", "-c", str(tmp_path / "signalbox.yaml")], capture_output=True, text=True,
                              timeout=30)
        assert done.returncode == 1 and "is no socket" in done.stderr
        assert pathlib.Path(b.sock).read_text() == "mine"
    finally:
        b.__exit__()


@pytest.mark.skipif(not ROOT, reason="only root can become somebody else")
def test_the_log_is_read_and_verified(tmp_path, box):
    os.chmod(box.sock, 0o666)
    try:
        box.box("status", uid=12345, code=4)
        box.box("status", uid=12346, code=4)
    finally:
        os.chmod(box.sock, 0o660)
    doc = box.box("audit", "--json", "--since", "1h")
    assert doc["schema"] == 1 and doc["verified"] and doc["first_broken_line"] == 0
    assert [e["actor"] for e in doc["entries"]][-2:] == ["uid 12345", "uid 12346"]
    assert "uid 12346" in box.box("audit")
    assert "none changed" in box.box("audit", "--verify")

    log = box.tmp / "state" / "audit.jsonl"
    good = log.read_bytes()
    lines = good.splitlines(keepends=True)
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(good.replace(b"uid 12345", b"uid 12349"))
    line = next(i for i, x in enumerate(lines, 1) if b"uid 12345" in x)
    box.box("audit", "--file", str(copy), "--verify", socket=False, code=1)
    assert "line %d is broken" % line in box.said
    try:
        log.write_bytes(b"".join(lines[:-1]))  # only the gateway knows that there was one more
        box.box("audit", "--verify", code=1)
        assert "missing at the end" in box.said
    finally:
        log.write_bytes(good)
    for bad in ("0h", "24", "1x"):
        box.box("audit", "--since", bad, code=2)


def test_the_log_goes_on_after_kill_9(tmp_path):
    with Box(tmp_path) as b:
        b.stop_gateway(signal.SIGKILL)
        with (b.tmp / "state" / "audit.jsonl").open("a") as f:
            f.write('{"schema":1,"n":1,"at":"2026')
        b.start_gateway()
        doc = b.box("audit", "--json")
        assert doc["verified"] and [e["what"] for e in doc["entries"]] == ["audit.torn"]
        b.stop_gateway()
        b.start_gateway()
        assert b.box("audit", "--json")["lines"] == 1
