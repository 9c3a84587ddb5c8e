#!/usr/bin/env python3
"""Every JSON body of the document has an example, and each example fits its schema by JSON Schema 2020-12, formats included.

Usage: examples.py openapi/huzhu.json
"""

import json
import sys
from pathlib import Path

import jsonschema_rs

document = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
wrong, counts = [], {"requests": 0, "answers": 0, "refusals": 0, "parameters and headers": 0, "properties": 0}


def misfits(schema, example):
    """What does not fit; a reference is resolved in the document itself."""
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": document["components"], **schema}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [f"/{'/'.join(map(str, error.instance_path))}: {error.message}" for error in validator.iter_errors(example)]


def check(at, kind, schema, examples):
    if not examples:
        wrong.append(f"{at}: no example")
    for example in examples:
        counts[kind] += 1
        wrong.extend(f"{at}: {misfit}" for misfit in misfits(schema, example))


def examples_of(holder):
    several = holder.get("examples", {})
    several = several if isinstance(several, list) else [one["value"] for one in several.values()]
    return several + ([holder["example"]] if "example" in holder else [])


def bodies(at, kind, holder):
    for media_type, content in holder.get("content", {}).items():
        if "json" in media_type or "form-urlencoded" in media_type:
            check(f"{at} {media_type}", kind, content["schema"], examples_of(content))


def answer(at, status, response):
    bodies(f"{at} {status}", "answers" if status.startswith("2") else "refusals", response)
    for name, header in response.get("headers", {}).items():
        if "$ref" not in header and examples_of(header["schema"]):
            check(f"{at} {status} {name}", "parameters and headers", header["schema"], examples_of(header["schema"]))


def properties(at, schema):
    """The examples that stand in the schemas themselves."""
    if not isinstance(schema, dict):
        return
    bare = {key: value for key, value in schema.items() if key not in ("example", "examples")}
    if examples_of(schema):
        check(at, "properties", bare, examples_of(schema))
    for name, inner in schema.get("properties", {}).items():
        properties(f"{at}/{name}", inner)


for path, item in document["paths"].items():
    for method, operation in item.items():
        at = f"{method.upper()} {path}"
        bodies(at, "requests", operation.get("requestBody", {}))
        for status, response in operation["responses"].items():
            answer(at, status, response)
        for parameter in operation.get("parameters", []):
            if examples_of(parameter):
                name = f"{at} {parameter['name']}"
                check(name, "parameters and headers", parameter["schema"], examples_of(parameter))
for name, response in document["components"]["responses"].items():
    answer(name, str(examples_of(response["content"]["application/problem+json"])[0]["status"]), response)
for name, header in document["components"]["headers"].items():
    if examples_of(header["schema"]):
        check(name, "parameters and headers", header["schema"], examples_of(header["schema"]))
for name, schema in document["components"]["schemas"].items():
    properties(name, schema)

for line in wrong:
    print(line)
print(", ".join(f"{count} {kind}" for kind, count in counts.items()) + f"; {len(wrong)} wrong")
sys.exit(bool(wrong) or not all(counts.values()))
