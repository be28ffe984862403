"""The command line as people and scripts meet it: help, suggestions, exit codes, JSON."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import xml.etree.ElementTree

import pytest

SIGNALBOX = os.environ["SIGNALBOX"]
SOURCE = pathlib.Path(os.environ["SOURCE"])
YES, NO, USAGE = 0, 1, 2
KEY = "0123456789abcdef" * 4


def run(*args, **kw):
    env = {k: v for k, v in os.environ.items() if not k.startswith("SIGNALBOX__")}
    env.update(kw.pop("env", {}))
    return subprocess.run([SIGNALBOX, *map(str, args)], capture_output=True, text=True, env=env,
                          timeout=30, **kw)


def commands():
    return re.findall(r"^  ([a-z]+(?: [a-z]+)?)  ", run("help").stdout, re.M)


@pytest.fixture
def place(tmp_path):
    """A directory with a configuration that is right."""
    (tmp_path / "kd").write_text(KEY + "\n")
    (tmp_path / "key").write_text("sk_test_x\n")
    for secret in ("kd", "key"):
        (tmp_path / secret).chmod(0o600)
    assert run("credential", "new", "shop", "--file", tmp_path / "creds").returncode == YES
    (tmp_path / "good.yaml").write_text(
        'listen: { payments: { address: "127.0.0.1:8080", cleartext: true } }\n'
        'journal: "sqlite:j.db"\n'
        "secrets: { key_derivation_file: kd }\n"
        "credentials: creds\n"
        'providers: { stripe: { base_url: "https://api.stripe.com", api_key_file: key } }\n')
    return tmp_path


def test_the_overview_lists_commands_and_exit_codes():
    r = run("help")
    assert r.returncode == YES and r.stderr == ""
    assert {"config check", "config print", "credential new", "explain", "version"} <= set(commands())
    assert "exit: 0" in r.stdout
    assert run("--help").stdout == r.stdout == run("-h").stdout


def test_no_command_is_a_usage_error_with_the_overview():
    assert run().returncode == USAGE
    assert "usage: signalbox" in run().stdout


@pytest.mark.parametrize("command", commands())
def test_every_command_has_help_that_fits_a_terminal(command):
    for r in (run(*command.split(), "--help"), run("help", *command.split()), run(*command.split(), "-h")):
        assert r.returncode == YES and r.stderr == ""
        assert r.stdout.startswith(f"signalbox {command}: ")
        assert "usage: signalbox " + command in r.stdout
        assert max(map(len, r.stdout.splitlines())) <= 100


@pytest.mark.parametrize("command", commands())
def test_every_command_refuses_unknown_options_and_too_much(command):
    r = run(*command.split(), "--no-such-option")
    assert r.returncode == USAGE and r.stdout == ""
    assert "there is no option --no-such-option" in r.stderr
    assert f"help: signalbox {command} --help" in r.stderr


@pytest.mark.parametrize("wrong, meant", [("vresion", "version"), ("hepl", "help"),
                                          ("config chekc", "config check"), ("cofnig check", "config check"),
                                          ("credential nwe x", "credential new")])
def test_misspelt_commands_get_a_suggestion(wrong, meant):
    r = run(*wrong.split())
    assert r.returncode == USAGE and r.stdout == ""
    assert f'did you mean "signalbox {meant}"?' in r.stderr


def test_strangers_get_no_suggestion():
    r = run("xyzzy")
    assert r.returncode == USAGE
    assert "did you mean" not in r.stderr and "signalbox help" in r.stderr


def test_a_group_lists_its_commands():
    r = run("config")
    assert r.returncode == USAGE and "signalbox config check" in r.stderr
    r = run("config", "--help")
    assert r.returncode == YES and "config print" in r.stdout and "credential" not in r.stdout


def test_misspelt_options_get_a_suggestion():
    assert "did you mean --json?" in run("version", "--jsn").stderr
    assert "did you mean --config?" in run("config", "check", "--confg", "x").stderr


def test_options_take_values_in_all_usual_ways(place):
    good = str(place / "good.yaml")
    for form in (["--config", good], ["--config=" + good], ["-c", good], ["-c" + good], ["--", good], [good]):
        assert run("config", "check", *form).returncode == YES, form
    assert run("config", "check", "--config").returncode == USAGE
    assert run("version", "--json=1").returncode == USAGE
    assert run("explain").returncode == USAGE
    assert run("explain", "a", "b").returncode == USAGE


def test_version():
    r = run("version")
    assert r.returncode == YES and re.fullmatch(r"signalbox \d+\.\d+\.\d+\n", r.stdout)
    assert run("--version").stdout == r.stdout
    j = json.loads(run("version", "--json").stdout)
    assert j["schema"] == 1 and r.stdout == f"signalbox {j['version']}\n"


def test_config_check_says_yes(place):
    r = run("config", "check", place / "good.yaml")
    assert r.returncode == YES and r.stderr == ""
    assert "is good: 1 provider," in r.stdout and "1 credential," in r.stdout
    j = json.loads(run("config", "check", "--json", place / "good.yaml").stdout)
    assert j == {"schema": 1, "ok": True, "errors": 0, "warnings": 0, "findings": []}


def test_config_check_says_no_and_where(place):
    bad = place / "bad.yaml"
    bad.write_text((place / "good.yaml").read_text() + "wrokers: 2\ndrain: 10\n")
    r = run("config", "check", bad)
    assert r.returncode == NO and r.stdout == ""
    assert f'{bad}:6:1: error[C110]: there is no setting "wrokers"' in r.stderr
    assert 'help: did you mean "workers"?' in r.stderr
    assert f"{bad}:7:8: error[C115]" in r.stderr
    assert "\x1b" not in r.stderr
    j = json.loads(run("config", "check", "--json", bad).stdout)
    assert j["ok"] is False and j["errors"] == 2
    assert [(f["code"], f["line"], f["column"]) for f in j["findings"]] == [("C110", 6, 1), ("C115", 7, 8)]


def test_config_check_reads_credentials_too(place):
    (place / "creds").write_text("Shop:xyz\n")
    r = run("config", "check", place / "good.yaml")
    assert r.returncode == NO and "creds:1:1: error[C160]" in r.stderr


def test_config_check_of_nothing():
    r = run("config", "check", "/nowhere/at/all.yaml")
    assert r.returncode == NO and "/nowhere/at/all.yaml: error[C102]" in r.stderr


def test_config_print_names_origins(place):
    r = run("config", "print", "--effective", "-c", place / "good.yaml", "--set", "workers=3",
            env={"SIGNALBOX__LOG__LEVEL": "debug"})
    assert r.returncode == YES
    assert re.search(r"^workers: 3 +# --set workers$", r.stdout, re.M)
    assert re.search(r'^  level: "debug" +# environment SIGNALBOX__LOG__LEVEL$', r.stdout, re.M)
    assert re.search(r"^drain: 90s +# default$", r.stdout, re.M)
    assert KEY not in r.stdout and "sk_test_x" not in r.stdout
    j = json.loads(run("config", "print", "--json", "-c", place / "good.yaml").stdout)
    settings = {s["key"]: s for s in j["settings"]}
    assert settings["providers.stripe.connections"] == {
        "key": "providers.stripe.connections", "value": 64, "origin": "default"}
    assert settings["journal"]["origin"].endswith("good.yaml:2")


def test_the_reference_is_the_one_in_the_tree():
    assert run("config", "reference").stdout == (SOURCE / "docs/config.md").read_text(), \
        "signalbox config reference > docs/config.md"


def test_the_example_is_right(tmp_path):
    creds = tmp_path / "run"
    creds.mkdir()
    shutil.copy(SOURCE / "deploy/signalbox.example.yaml", tmp_path / "signalbox.yaml")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=x", "-keyout", creds / "tls_key", "-out", creds / "tls_chain"],
                   check=True, capture_output=True)
    names = re.findall(r"\$\{cred:(\w+)\}", (tmp_path / "signalbox.yaml").read_text())
    assert {"tls_chain", "tls_key", "key_derivation"} < set(names)
    for name in names:
        if not name.startswith("tls_"):
            (creds / name).write_text(KEY)
            (creds / name).chmod(0o600)
    assert run("credential", "new", "checkout", "--config", tmp_path / "signalbox.yaml").returncode == YES
    r = run("config", "check", tmp_path / "signalbox.yaml", env={"CREDENTIALS_DIRECTORY": str(creds)})
    assert (r.returncode, r.stderr) == (YES, ""), r.stderr


def test_credentials_are_printed_once_and_stored_as_hashes(tmp_path):
    file = tmp_path / "creds"
    first = run("credential", "new", "shop-a", "--file", file)
    assert first.returncode == YES and first.stdout.startswith("sbk_")
    second = json.loads(run("credential", "new", "shop-a", "--file", file, "--json").stdout)
    assert second["name"] == "shop-a" and second["token"] != first.stdout.strip()
    text = file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert re.fullmatch(r"(shop-a:[0-9a-f]{64}\n){2}", text)
    assert first.stdout.strip() not in text
    r = run("credential", "list", "--file", file)
    assert r.returncode == YES and r.stdout.count("shop-a") == 2
    j = json.loads(run("credential", "list", "--file", file, "--json").stdout)
    assert [c["line"] for c in j["credentials"]] == [1, 2]
    assert text.startswith("shop-a:" + j["credentials"][0]["hash_begins"])


def test_credentials_find_their_file(place):
    r = run("credential", "new", "other", "-c", place / "good.yaml")
    assert r.returncode == YES
    assert "\nother:" in (place / "creds").read_text()
    (place / "dir").mkdir()
    assert run("credential", "new", "third", "-f", place / "dir").returncode == YES
    assert (place / "dir/third").read_text().startswith("third:")
    (place / "unfinished").write_text("# no line end")
    assert run("credential", "new", "x", "-f", place / "unfinished").returncode == YES
    assert (place / "unfinished").read_text().startswith("# no line end\nx:")


def test_credentials_refuse_bad_names_and_places(tmp_path):
    assert run("credential", "new", "Bad Name", "-f", tmp_path / "x").returncode == USAGE
    assert not (tmp_path / "x").exists()
    r = run("credential", "new", "a", "-f", tmp_path / "no/such/dir")
    assert r.returncode == NO and r.stdout == ""
    assert run("credential", "new", "a", "-c", "/nowhere.yaml").returncode == USAGE
    assert run("credential", "list", "-f", tmp_path / "none").returncode == NO


@pytest.mark.parametrize("code", ["C110", "insufficient_funds", "brand"])
def test_explain(code):
    r = run("explain", code)
    assert r.returncode == YES and r.stdout.startswith(code + ": ")
    j = json.loads(run("explain", code, "--json").stdout)
    assert j["code"] == code and r.stdout.startswith(f"{code}: {j['title']}")


def test_openapi_is_the_document_in_the_tree():
    assert json.loads(run("openapi").stdout) == json.loads((SOURCE / "docs/openapi.json").read_text())


def test_explain_every_configuration_code():
    codes = re.findall(r'^X\("(C\d+)"', (SOURCE / "proxy/config_codes.def").read_text(), re.M)
    used = set()
    for file in (SOURCE / "proxy").glob("*.c"):
        used |= set(re.findall(r'"(C\d\d\d)"', file.read_text()))
    assert used and used == set(codes)
    for code in codes:
        assert run("explain", code).returncode == YES


def test_explain_knows_the_words_of_retry():
    listed = set(re.findall(r"`(\w+)`", re.search(r"Words after `on`:(.*?), or a\n", (SOURCE / "docs/policy-language.md").read_text(), re.S)[1]))
    assert len(listed) == 6
    for word in listed | {"unknown_outcome"}:
        assert json.loads(run("explain", word, "--json").stdout)["kind"] == "category", word
    assert "do_not_honor" in run("explain", "soft_decline").stdout
    assert run("explain", "e301").stdout == run("explain", "E301").stdout


def test_policy_test_counts_policies_that_do_not_compile(tmp_path):
    broken, good = tmp_path / "broken.route", SOURCE / "policies/library/sticky-split.route"
    broken.write_text('policy "b"\ndefault use nobody\n')
    r = run("policy", "test", "--json", broken, good)
    assert r.returncode == NO and [x["broken"] for x in json.loads(r.stdout)["policies"]] == [True, False]
    r = run("policy", "test", "--format", "junit", broken, good)
    suites = xml.etree.ElementTree.fromstring(r.stdout)
    assert r.returncode == NO and [x.get("errors", "0") for x in suites] == ["1", "0"]
    assert suites[0][0][0].tag == "error"


def test_route_try_wants_an_address():
    r = run("route", "try", "--amount", "EUR 20", "--ip", "999.1.1.1")
    assert r.returncode == USAGE and "--ip takes" in r.stderr


def test_explain_suggests():
    r = run("explain", "insuficient_funds")
    assert r.returncode == NO and 'did you mean "insufficient_funds"?' in r.stderr


def complete(words, script):
    """What bash would offer for the last of the words."""
    ask = (f'. /dev/stdin; COMP_WORDS=({" ".join(repr(w) for w in words)}); COMP_CWORD={len(words) - 1}; '
           "_signalbox; printf '%s\\n' \"${COMPREPLY[@]}\"")
    r = subprocess.run(["bash", "-c", ask], input=script, capture_output=True, text=True, timeout=30)
    assert r.stderr == ""
    return r.stdout.split()


def test_bash_completion_completes():
    script = run("completion", "bash").stdout
    assert complete(["signalbox", "conf"], script) == ["config"]
    assert {"check", "print", "reference"} == set(complete(["signalbox", "config", ""], script))
    assert complete(["signalbox", "config", "check", "--js"], script) == ["--json"]
    assert complete(["signalbox", "version", "--j"], script) == ["--json"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_are_scripts(shell):
    script = run("completion", shell).stdout
    for command in commands():
        assert command.split()[0] in script and command.split()[-1] in script
    if shutil.which(shell):
        assert subprocess.run([shell, "-n"], input=script, text=True, timeout=30).returncode == 0


def test_completion_of_other_shells():
    assert run("completion", "tcsh").returncode == USAGE


def test_a_full_disk_is_not_success():
    with open("/dev/full", "w") as full:
        r = subprocess.run([SIGNALBOX, "help"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=30)
    assert r.returncode != YES


def test_the_manual_names_every_command_and_renders():
    page = (SOURCE / "docs/man/signalbox.1").read_text()
    for command in commands():
        assert f".It Cm {command}" in page, command
    if shutil.which("groff"):
        for file in (SOURCE / "docs/man").glob("*.[1-8]"):
            r = subprocess.run(["groff", "-mdoc", "-Tutf8", "-ww", "-z", file], capture_output=True, text=True,
                               timeout=60)
            assert r.stderr == "", file
