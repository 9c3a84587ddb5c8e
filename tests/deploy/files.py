"""Holds the image, the units' metrics ports and the alerts against the source and each other, as far as files can say."""

import json
import re
import sys
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def main():
    faults = image() + ports() + alerts()
    print("\n".join(faults))
    return 1 if faults else 0


def image():
    """The Dockerfile: what it copies is there, its stages are named, it ends as a user without rights and needs no writable root."""
    text = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in re.sub(r"\\\n\s*", "", text).splitlines() if line and not line.startswith("#")]
    steps = [line.split(None, 1) for line in lines]
    starts = [number for number, (word, _) in enumerate(steps) if word == "FROM"]
    stages = {}
    for begin, end in zip(starts, starts[1:] + [len(steps)]):
        base, _, name = steps[begin][1].partition(" AS ")
        stages[name or "final"] = (base, steps[begin + 1 : end])
    faults = [f"image: {base} has no version" for base, _ in stages.values() if ":" not in base]
    faults += ["image: ADD fetches or unpacks; COPY does neither" for word, _ in steps if word == "ADD"]
    for _, rest in (step for step in steps if step[0] == "COPY"):
        *sources, _target = [word for word in rest.split() if not word.startswith("--")]
        stage = re.search(r"--from=(\S+)", rest)
        if stage is None:
            faults += [f"image: {source} is not in the repository" for source in sources if not (ROOT / source).exists()]
        elif stage[1] not in stages:
            faults.append(f"image: no stage {stage[1]}")
        else:
            run = " ".join(rest for word, rest in stages[stage[1]][1] if word == "RUN")
            faults += [f"image: stage {stage[1]} makes no {source}" for source in sources if source.startswith("/out/") and source not in run]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    needed = ["src", "migrations", "Cargo.toml", "Cargo.lock", *included()]
    faults += [f"image: the build needs {path}, and .dockerignore leaves it out" for path in needed if path.split("/")[0] in ignored]
    final = dict(stages["final"][1])
    if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", final.get("USER", "")):
        faults.append("image: does not run as a numbered user without rights")
    data = final.get("VOLUME")
    if data != final.get("WORKDIR"):
        faults.append("image: the default data directory is not on the volume")
    if json.loads(final["ENTRYPOINT"]) != [rest.split()[-1] for word, rest in stages["final"][1] if word == "COPY"][-1:]:
        faults.append("image: the entry point is not what was copied")
    wanted = tuple(map(int, tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]["rust-version"].split(".")))
    compiler = tuple(map(int, re.search(r"rust:([\d.]+)", stages["build"][0])[1].split(".")))
    if compiler < wanted[: len(compiler)]:
        faults.append(f"image: Rust {compiler} is older than Cargo.toml asks for")
    return faults


def included():
    """Files outside src/ that the source takes in when it is compiled."""
    for path in (ROOT / "src").rglob("*.rs"):
        for name in re.findall(r'include_(?:str|bytes)!\("([^"]+)"\)', path.read_text(encoding="utf-8")):
            found = (path.parent / name).resolve()
            yield str(found.relative_to(ROOT))


def ports():
    """Two units of one machine share a configuration: each has a metrics address of its own, and Prometheus asks every one."""
    example = tomllib.loads((ROOT / "deploy/huzhu.example.toml").read_text(encoding="utf-8"))
    addresses = []
    for unit in sorted((ROOT / "deploy/systemd").glob("*.service")):
        own = re.search(r"^Environment=HUZHU_HTTP__METRICS_LISTEN=(\S+)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
        addresses.append(own[1] if own else example["http"]["metrics_listen"])
    faults = [] if len(set(addresses)) == len(addresses) else [f"units: one metrics address for two: {addresses}"]
    scrape = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yaml").read_text(encoding="utf-8"))
    asked = [target for job in scrape["scrape_configs"] for group in job["static_configs"] for target in group["targets"]]
    return faults + [f"prometheus: nobody asks {address}" for address in addresses if address not in asked]


def alerts():
    """An alert over a figure that nothing shows never wakes anybody."""
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.rs"))
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text(encoding="utf-8"))
    figures = {name for group in rules["groups"] for rule in group["rules"] for name in re.findall(r"huzhu_\w+", rule["expr"])}
    return [f"alerts: nothing shows {name}" for name in sorted(figures) if f'"{name}"' not in source]


if __name__ == "__main__":
    sys.exit(main())
