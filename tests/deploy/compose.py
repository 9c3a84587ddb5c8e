"""Reads deploy/compose/compose.yaml as Compose does and holds it to our rules: no writable root, no root user, no secret in a variable,
production, a bucket.
"""

import json
import sys
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def main():
    compose = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text(encoding="utf-8"))
    example = tomllib.loads((ROOT / "deploy/huzhu.example.toml").read_text(encoding="utf-8"))
    faults = []
    for name, service in compose["services"].items():
        if "build" in service:
            if not service.get("read_only") or service.get("user") in (None, "root", "0"):
                faults.append(f"{name}: writable root or root user")
            if service.get("cap_drop") != ["ALL"]:
                faults.append(f"{name}: keeps capabilities")
        if "build" in service:
            faults += [f"{name}: {fault}" for fault in open_to_strangers(service["environment"], compose)]
        for key in service.get("environment", {}):
            if key.upper().endswith(("PASSWORD", "SECRET_KEY", "URL")) and not key.endswith("PUBLIC_URL"):
                faults.append(f"{name}: {key} should come from a file")
            if key.startswith("HUZHU_") and not known(key, example):
                faults.append(f"{name}: the example configuration does not know {key}")
        faults += [f"{name}: no secret {secret}" for secret in service.get("secrets", []) if secret not in compose["secrets"]]
        faults += [f"{name}: no volume {volume}" for volume in service.get("volumes", []) if volume.split(":")[0] not in compose["volumes"]]
        faults += [f"{name}: no service {other}" for other in service.get("depends_on", {}) if other not in compose["services"]]
        if "image" in service and service["image"] != "huzhu" and ":" not in service["image"]:
            faults.append(f"{name}: image without a version")
    for name, service in compose["services"].items():
        bucket = service.get("environment", {}).get("HUZHU_STORAGE__BUCKET")
        if bucket and f"mkdir -p /data/{bucket} " not in " ".join(compose["services"]["s3"]["entrypoint"]):
            faults.append(f"{name}: nothing makes the bucket {bucket}")
        if "build" in service and not bucket:
            faults.append(f"{name}: names no bucket")
    print("\n".join(faults))
    return 1 if faults else 0


def open_to_strangers(environment, compose):
    """What lets a stranger pass for somebody else: no production, no https, a proxy that is not believed."""
    if environment.get("HUZHU_ENVIRONMENT") != "production":
        yield "not production"
    if environment.get("HUZHU_HTTP__PUBLIC_URL", "http:").startswith("http:"):
        yield "its public address has no https"
    gateways = [config["gateway"] for config in compose["networks"]["default"]["ipam"]["config"]]
    if json.loads(environment.get("HUZHU_HTTP__TRUSTED_PROXIES", "[]")) != gateways:
        yield "trusts another proxy than the one on this machine"


def known(variable, example):
    here = example
    for part in variable.removeprefix("HUZHU_").lower().split("__"):
        if part not in here:
            return False
        here = here[part]
    return True


if __name__ == "__main__":
    sys.exit(main())
