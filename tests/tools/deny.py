"""Holds the dependency tree against deny.toml: banned crates and licences outside the allowed list.

Owns the part of `make deny` that needs nothing but cargo, so that `make test` can always run it. Advisories need cargo-deny.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main():
    rules = tomllib.loads((ROOT / "deny.toml").read_text(encoding="utf-8"))
    banned = {entry["name"]: entry["reason"] for entry in rules["bans"]["deny"]}
    allowed = set(rules["licenses"]["allow"])
    faults = []
    packages = built_packages(rules["graph"]["targets"])
    for package in packages:
        name = f"{package['name']} {package['version']}"
        if package["name"] in banned:
            faults.append(f"{name} is banned: {banned[package['name']]}")
        if not permits(package["license"] or "none stated", allowed):
            faults.append(f"{name} has a licence that deny.toml does not allow: {package['license']}")
    print(f"deny: {len(packages)} packages, {len(faults)} faults")
    print("\n".join(faults))
    return 1 if faults else 0


def built_packages(targets):
    """Every package that cargo would build for one of the targets."""
    found = {}
    for target in targets:
        command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target]
        graph = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
        by_id = {package["id"]: package for package in graph["packages"]}
        found |= {node["id"]: by_id[node["id"]] for node in graph["resolve"]["nodes"]}
    return list(found.values())


def permits(expression, allowed):
    """Reads an SPDX expression (AND, OR, brackets; `/` is the old way to write OR) with the allowed names as true."""
    tokens = re.findall(r"\(|\)|[A-Za-z0-9.+-]+(?: WITH [A-Za-z0-9.-]+)?", expression.replace("/", " OR "))
    words = {"AND": "and", "OR": "or", "(": "(", ")": ")"}
    return eval(" ".join(words.get(token, str(token in allowed)) for token in tokens))  # only True, False, and, or, brackets


if __name__ == "__main__":
    sys.exit(main())
