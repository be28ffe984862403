"""The operators' API and commands against a real gateway: who may do what, and what is remembered."""
import grp
import json
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess

import pytest

from box import ROOT, SIGNALBOX, Box, ask, box  # noqa: F401 (box is a fixture)


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


def test_the_manual_of_the_api_names_every_route():
    page = (pathlib.Path(os.environ["SOURCE"]) / "docs" / "admin-api.md").read_text()
    told = {(m, re.sub(r"\{?[A-Z]+\}?$|(?<=/)[A-Z]+(?=/)", "{}", p))
            for m, p in re.findall(r"^\| `(GET|POST) (/v1/[^`?]*)", page, re.M)}
    routes = set()
    for file in (pathlib.Path(os.environ["SOURCE"]) / "proxy" / "admin").glob("*.c"):
        routes |= {(m, re.sub(r"\{[a-z]+\}", "{}", p))
                   for m, p in re.findall(r'\{ "(GET|POST)", "(/v1/[^"]*)"', file.read_text())}
    assert len(routes) > 12 and routes == told


def test_who_only_connects_leaves_the_payments_their_descriptors(tmp_path):
    with Box(tmp_path) as b:
        before = len(os.listdir("/proc/%d/fd" % b.gateway.pid))
        idle = [socket.socket(socket.AF_UNIX) for _ in range(100)]
        for s in idle:
            s.connect(b.sock)
        assert b.pay("meanwhile").status == 201
        assert len(os.listdir("/proc/%d/fd" % b.gateway.pid)) < before + 64 + 16
        for s in idle:
            s.close()
        b.box("status")


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
        assert "uid:12345 has no role here" in box.said
        line = box.audit()[-1]
        assert (line["actor"], line["what"], line["result"]) == ("uid:12345", "refused", "refused")
        assert "GET /v1/status" == line["object"]
        assert box.box("status", "--json", uid=65534)["schema"] == 1
    finally:
        os.chmod(box.sock, 0o660)


@pytest.mark.skipif(not ROOT, reason="only root can give a file to another group")
def test_the_socket_belongs_to_the_group_that_is_named(tmp_path):
    with Box(tmp_path, admin={"group": "daemon"}) as b:
        s = os.stat(b.sock)
        assert (stat.S_IMODE(s.st_mode), s.st_gid) == (0o660, grp.getgrnam("daemon").gr_gid)
        b.stop_gateway()
        done = subprocess.run([SIGNALBOX, "serve", "-c", str(tmp_path / "signalbox.yaml"), "--set", "listen.admin.group=nosuch"],
                              capture_output=True, text=True, timeout=30)
        assert done.returncode == 1 and 'no group "nosuch"' in done.stderr


@pytest.mark.skipif(not ROOT, reason="only root can become somebody else")
def test_a_group_gives_its_role_to_its_members(box):
    """As the kernel knows them: the groups of the process, not of the user's entry."""
    os.chmod(box.sock, 0o666)
    try:
        games = grp.getgrnam("games").gr_gid
        argv = ["setpriv", "--reuid=12345", "--regid=12345", "--groups=%d" % games, SIGNALBOX, "status", "--socket", box.sock]
        assert subprocess.run(argv, capture_output=True, timeout=30).returncode == 0
        argv[3] = "--clear-groups"
        assert subprocess.run(argv, capture_output=True, timeout=30).returncode == 4
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
    assert [e["actor"] for e in doc["entries"]][-2:] == ["uid:12345", "uid:12346"]
    assert "uid:12346" in box.box("audit")
    assert "none changed" in box.box("audit", "--verify")

    log = box.tmp / "state" / "audit.jsonl"
    good = log.read_bytes()
    lines = good.splitlines(keepends=True)
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(good.replace(b"uid:12345", b"uid:12349"))
    line = next(i for i, x in enumerate(lines, 1) if b"uid:12345" in x)
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


def test_a_damaged_log_can_still_be_read(tmp_path):
    """What a file system may leave after a crash: a hole of zeros."""
    with Box(tmp_path) as b:
        b.box("provider", "stop", "stripe", "--for", "5m", "--reason", "one")
        with (b.tmp / "state" / "audit.jsonl").open("ab") as f:
            f.write(b"\0" * 300_000 + b"\n")
        b.box("audit", "--verify", code=1)
        assert "line 2 is broken" in b.said
        b.stop_gateway()
        b.start_gateway()
        doc = b.box("audit", "--json", code=1)
        assert not doc["verified"] and doc["entries"][0]["why"] == "one"
        assert doc["entries"][-1]["what"] == "audit.broken"


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


# ---- over TLS

def openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True)


def make_ca(folder, name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=" + name, "-keyout", str(folder / (name + ".key")), "-out", str(folder / (name + ".pem")))


def make_cert(folder, ca, name, subject):
    request = str(folder / (name + ".csr"))
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
            "-keyout", str(folder / (name + ".key")), "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", str(folder / (ca + ".pem")), "-CAkey", str(folder / (ca + ".key")),
            "-CAcreateserial", "-days", "2", "-out", str(folder / (name + ".pem")))


def test_tls_needs_a_certificate_and_knows_its_name(tmp_path):
    make_ca(tmp_path, "operators")
    make_ca(tmp_path, "strangers")
    make_cert(tmp_path, "operators", "ana", "/CN=ana.example")
    make_cert(tmp_path, "operators", "two", "/CN=ana.example/CN=root")
    make_cert(tmp_path, "strangers", "eve", "/CN=ana.example")
    for key in tmp_path.glob("*.key"):
        key.chmod(0o600)
    admin = {"address": "127.0.0.1:0", "tls": {"certificate": "certs/server.pem", "key": "certs/server.key",
                                               "client_ca": "operators.pem"},
             "roles": {"viewer": "cert:ana.example"}}
    with socket.socket() as free:  # the gateway tells no port it was given
        free.bind(("127.0.0.1", 0))
        admin["address"] = "127.0.0.1:%d" % free.getsockname()[1]
    with Box(tmp_path, admin=admin) as b:
        b.sock = "https://localhost:" + admin["address"].split(":")[1]
        ca = ["--ca", str(tmp_path / "certs" / "ca.pem")]

        def cert(name):
            return ca + ["--cert", str(tmp_path / (name + ".pem")), "--key", str(tmp_path / (name + ".key"))]

        assert b.box("status", "--json", *cert("ana"))["schema"] == 1
        b.box("audit", "--verify", *cert("ana"))
        b.box("status", *ca, code=3)  # no certificate
        b.box("status", *cert("eve"), code=3)  # from somebody else
        b.box("status", *cert("two"), code=4)  # which of the two?
        assert "no role" in b.said
        b.box("status", "--cert", str(tmp_path / "ana.pem"), "--key", str(tmp_path / "ana.key"), code=3)  # not our gateway
        b.box("status", *ca, "--cert", str(tmp_path / "ana.pem"), code=2)
        assert b.audit()[-1]["actor"] == "nobody"


@pytest.mark.parametrize("admin, code", [
    ({"address": "127.0.0.1:8444"}, "C146"),
    ({"address": "[::]:8444"}, "C146"),
    ({"tls": {"certificate": "certs/server.pem", "key": "certs/server.key", "client_ca": "certs/ca.pem"}}, "C146"),
    ({"roles": {"operator": "ana"}}, "C123"),
    ({"roles": {"boss": "user:ana"}}, "C110"),
])
def test_a_listener_that_can_not_tell_who_calls_is_refused(tmp_path, admin, code):
    b = Box(tmp_path, admin=admin)
    b.start_sim()
    try:
        b.write_config()
        done = subprocess.run([SIGNALBOX, "config", "check", str(tmp_path / "signalbox.yaml"), "--json"], capture_output=True,
                              text=True)
        assert done.returncode == 1
        assert code in {f["code"] for f in json.loads(done.stdout)["findings"]}
    finally:
        b.__exit__()

