#!/usr/bin/env python3
"""docs/openapi.json and the code say the same.

    openapi_test.py FRONT DOCUMENT

FRONT is the program made from front.c. Every example passes intake, and what the schema refuses
intake refuses too; both know the same fields; every path is routed; every answer the code can give
fits the schema of its status; the embedded file is the file.
"""
import copy
import json
import subprocess
import sys
import unittest

import jsonschema

FRONT, DOCUMENT = sys.argv[1], sys.argv[2]
with open(DOCUMENT, encoding="utf-8") as f:
    TEXT = f.read()
DOC = json.loads(TEXT)
ID = "01J9ZC3W5E7Q8R2T4V6X8Y0Z1A"
ROUTES = {  # operationId: what the code calls it
    "createPayment": "create", "getPayment": "status", "capturePayment": "capture",
    "voidPayment": "void", "refundPayment": "refund", "getOpenapi": "openapi",
}


def front(*args, stdin=""):
    done = subprocess.run([FRONT, *args], input=stdin, capture_output=True, text=True, check=True)
    return done.stdout


def resolve(node):
    while isinstance(node, dict) and "$ref" in node:
        target = DOC
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def validator(schema):
    """The schema, with the document's components within its reach."""
    return jsonschema.Draft202012Validator({**schema, "components": DOC["components"]})


def operations():
    for path, item in DOC["paths"].items():
        for method, op in item.items():
            yield method.upper(), path, op


def writes():
    """(route, body schema, examples) of every operation that has a body."""
    for _, _, op in operations():
        if "requestBody" in op:
            content = op["requestBody"]["content"]["application/json"]
            yield ROUTES[op["operationId"]], content["schema"], content["examples"]


def nodes(schema, pointer=""):
    """(pointer, schema, required) of every property, objects within objects too."""
    schema = resolve(schema)
    for name, sub in schema.get("properties", {}).items():
        sub = resolve(sub)
        yield f"{pointer}/{name}", sub, name in schema.get("required", [])
        if sub.get("additionalProperties") is False:
            yield from nodes(sub, f"{pointer}/{name}")


def objects(value, path=()):
    """Paths of every object inside, itself first."""
    if isinstance(value, dict):
        yield path
        for name, sub in value.items():
            yield from objects(sub, (*path, name))


def at(value, path):
    for name in path:
        value = value[name]
    return value


class Document(unittest.TestCase):
    def test_schemas_are_schemas(self):
        for schema in DOC["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_references_lead_somewhere(self):
        def walk(node):
            if isinstance(node, dict):
                if "$ref" in node:
                    self.assertIsNotNone(resolve(node))
                for sub in node.values():
                    walk(sub)
            elif isinstance(node, list):
                for sub in node:
                    walk(sub)
        walk(DOC)

    def test_is_what_is_served(self):
        self.assertEqual(front("document"), TEXT)

    def test_every_path_is_routed(self):
        known = set()
        for method, path, op in operations():
            known.add(ROUTES[op["operationId"]])
            self.assertEqual(front("route", method, path.replace("{id}", ID)).strip(),
                             ROUTES[op["operationId"]])
        self.assertEqual(known, set(ROUTES.values()))

    def test_error_codes_are_listed(self):
        told = {}
        for line in front("answers").splitlines():
            what, status, _, body = line.split(" ", 3)
            body = json.loads(body)
            if what == "fault":
                told[body["error"]["code"]] = (int(status), body["error"]["type"], body["outcome"],
                                               body["retry_safe"], body["title"])
        listed = {code: (row["status"], row["type"], row["outcome"], row["retry_safe"], row["meaning"])
                  for code, row in DOC["x-error-codes"].items()}
        self.assertEqual(told, listed)


class Requests(unittest.TestCase):
    def test_both_know_the_same_fields(self):
        def kind_of(schema):
            if schema["type"] != "object":
                return schema["type"]
            return "object" if schema.get("additionalProperties") is False else "map"

        for route, schema, _ in writes():
            documented = {(pointer, kind_of(sub), required) for pointer, sub, required in nodes(schema)}
            read = set()
            for line in front("fields").splitlines():
                name, pointer, kind, required, _ = line.split()
                if name == route:
                    read.add((pointer, kind, required == "1"))
            self.assertEqual(documented, read)

    def test_both_know_the_same_lengths(self):
        most = {(route, pointer): int(most) for route, pointer, kind, _, most in
                map(str.split, front("fields").splitlines()) if kind == "string"}
        for route, schema, _ in writes():
            for pointer, sub, _ in nodes(schema):
                if sub["type"] == "string" and "maxLength" in sub:
                    self.assertEqual(sub["maxLength"], most[route, pointer], pointer)

    def test_examples_pass(self):
        for route, schema, examples in writes():
            for name, example in examples.items():
                with self.subTest(route=route, example=name):
                    validator(schema).validate(example["value"])
                    self.assertEqual(front("intake", route, stdin=json.dumps(example["value"])), "ok\n")

    def both_refuse(self, route, schema, body, field):
        with self.subTest(route=route, field=field, body=body):
            self.assertFalse(validator(schema).is_valid(body), "the schema takes it")
            status, _, told = front("intake", route, stdin=json.dumps(body)).rstrip("\n").split(" ", 2)
            self.assertEqual(status, "400")
            self.assertEqual(told, field)

    def test_unknown_fields_are_refused_by_both(self):
        for route, schema, examples in writes():
            for example in examples.values():
                for path in objects(example["value"]):
                    if path[-1:] in (("metadata",), ("provider_token",)):
                        continue
                    body = copy.deepcopy(example["value"])
                    at(body, path)["zebra"] = "x"
                    self.both_refuse(route, schema, body, "/" + "/".join((*path, "zebra")))

    def test_null_and_wrong_types_are_refused_by_both(self):
        route, schema, examples = next(writes())
        body = examples["everything"]["value"]
        for pointer, sub, _ in nodes(schema):
            path = pointer.strip("/").split("/")
            try:
                at(body, path)
            except KeyError:
                continue
            for wrong in (None, True, [], 1.5, {} if sub["type"] != "object" else "x"):
                changed = copy.deepcopy(body)
                at(changed, path[:-1])[path[-1]] = wrong
                self.both_refuse(route, schema, changed, pointer)

    def test_missing_fields_are_refused_by_both(self):
        route, schema, examples = next(writes())
        for example in examples.values():
            for pointer, _, required in nodes(schema):
                path = pointer.strip("/").split("/")
                body = copy.deepcopy(example["value"])
                try:
                    if not required or at(body, path[:-1]).pop(path[-1], None) is None:
                        continue
                except KeyError:
                    continue
                self.both_refuse(route, schema, body, pointer)

    def test_bad_values_are_refused_by_both(self):
        route, schema, examples = next(writes())
        for field, wrong in {
            "/amount": 0, "/currency": "eur", "/capture": "auto", "/order": "x" * 256,
            "/payment_method/type": "cart", "/payment_method/card/number": "4242 4242 4242 4242",
            "/payment_method/card/exp_month": 13, "/payment_method/card/exp_year": 30,
            "/payment_method/card/cvc": "12", "/billing/country": "Germany", "/description": "a\u0007",
            "/statement_descriptor": "x" * 23, "/return_url": "ftp://x", "/initiator": "me",
            "/channel": "web", "/stored_credential": "yes", "/customer/email": "@",
        }.items():
            body = copy.deepcopy(examples["everything"]["value"])
            path = field.strip("/").split("/")
            at(body, path[:-1])[path[-1]] = wrong
            self.both_refuse(route, schema, body, field)
        body = copy.deepcopy(examples["card"]["value"])
        body["metadata"] = {f"k{i}": "v" for i in range(21)}
        self.both_refuse(route, schema, body, "/metadata")
        body = copy.deepcopy(examples["card"]["value"])
        body["payment_method"]["provider_token"] = {"stripe": "pm_1"}
        self.both_refuse(route, schema, body, "/payment_method/provider_token")


class Answers(unittest.TestCase):
    def test_examples_fit(self):
        for _, _, op in operations():
            for response in map(resolve, op["responses"].values()):
                for content in response.get("content", {}).values():
                    for example in content.get("examples", {}).values():
                        validator(content["schema"]).validate(example["value"])

    def test_every_answer_fits_its_status(self):
        by_route = {ROUTES[op["operationId"]]: op for _, _, op in operations()}
        statuses = set()
        for line in front("answers").splitlines():
            route, status, content_type, body = line.split(" ", 3)
            body = json.loads(body)
            statuses.add((route, status))
            with self.subTest(route=route, status=status, told=body.get("status")):
                if route == "fault":
                    schema = {"$ref": "#/components/schemas/Problem"}
                    self.assertEqual(content_type, "application/problem+json")
                else:
                    response = resolve(by_route[route]["responses"][status])
                    schema = response["content"][content_type]["schema"]
                wrong = [e.message for e in validator(schema).iter_errors(body)]
                self.assertEqual(wrong, [])
                self.assertEqual("error" in body, int(status) >= 400)
                if "error" in body:
                    self.assertIn("outcome", body)
                    self.assertIn("retry_safe", body)
        self.assertLessEqual({("create", s) for s in "201 202 402 409 422 502 503".split()}, statuses)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
