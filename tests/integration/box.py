"""A town whose gateway has operators, and their commands."""
import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile

import pytest

from town import Town

SIGNALBOX = os.environ["SIGNALBOX"]
ROOT = os.geteuid() == 0


class Box(Town):
    """A town whose gateway has operators. Its folder can be entered by other users."""

    def __init__(self, tmp, admin=None, narrow=True, **more):
        super().__init__(tmp, **more)
        self.admin, self.narrow = admin or {}, narrow
        self.sock = str(self.tmp / "a" / "admin.sock")

    def write_config(self):
        super().write_config()
        (self.tmp / "a").mkdir(exist_ok=True)
        path = self.tmp / "signalbox.yaml"
        config = json.loads(path.read_text())
        config["listen"]["admin"] = {"address": "unix:a/admin.sock"} | self.admin
        config["state"] = "state"
        for provider in config["providers"].values() if self.narrow else ():
            # so that nobody is the only one for anything
            provider.update(currencies=["EUR", "USD"], brands=["visa", "mastercard"], methods=["card"])
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
    admin = {"roles": {"viewer": ["user:nobody", "group:games"], "operator": "user:daemon"}}
    with Box(tmp, admin=admin) as b:
        yield b
    shutil.rmtree(tmp)
