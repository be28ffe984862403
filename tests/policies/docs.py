#!/usr/bin/env python3
"""docs/policy-language.md holds the table of attributes as `policy attributes --markdown` prints it, its
examples compile, and the editor's grammar knows every attribute. docs.py SIGNALBOX ROOT"""
import json
import pathlib
import re
import subprocess
import sys


def main(signalbox, root):
    root, bad = pathlib.Path(root), []
    table = subprocess.run([signalbox, "policy", "attributes", "--markdown"], capture_output=True, text=True,
                           check=True).stdout
    page = (root / "docs/policy-language.md").read_text(encoding="utf-8")
    if table not in page:
        bad.append("docs/policy-language.md: the table of attributes is not what `policy attributes --markdown` prints")
    names = re.findall(r"^\| `([a-z_]+)", table, re.M)
    grammar = json.loads((root / "policies/editor/route.tmLanguage.json").read_text(encoding="utf-8"))
    known = grammar["repository"]["attribute"]["match"]
    bad += [f"route.tmLanguage.json: does not know {n}" for n in names if n not in known]
    # the tutorial, put together, is a policy that passes its own tests
    parts = re.findall(r"^```\n(.*?)^```", page.split("## Rules of the language")[0], re.M | re.S)
    whole = "\n".join(parts).replace("providers adyen, stripe", "providers adyen, stripe, newpsp")
    done = subprocess.run([signalbox, "policy", "test", "-"], input=whole, capture_output=True, text=True)
    if done.returncode != 0 or len(parts) < 4:
        bad.append(f"the tutorial's policy: {done.stdout}{done.stderr}")
    print("\n".join(bad) or f"{len(names)} attributes, {len(parts)} examples")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
