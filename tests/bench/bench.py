"""Measures submissions and status reads over HTTP beside their floors, in turn, in one run: floor, ours, floor, ours …

The floor of a submission is the same rows written in nine round trips: by pgbench, or by one writer on SQLite. The floor of a status
read is an actix handler with three SELECTs and nothing else. Then memory at rest and time to ready of `huzhu run`.
Prints Markdown. Usage: with_postgres.sh bench.py HUZHU LOAD [SECONDS [ROUNDS]]
"""

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from ports import free_ports  # noqa: E402

HERE = Path(__file__).resolve().parent
CLIENTS = (1, 16, 64)
#: Drafts seeded for each second of measuring; a run that uses them up is void.
DRAFTS_A_SECOND = 1_500
FLOOR_ROWS = 10_000
#: Claims whose status is read, and seconds of submissions before anything is measured.
READ, WARM_SECS = 2_000, 2


class Wrk:
    """What wrk says of one run."""

    def __init__(self, url, clients, secs, script, *arguments):
        command = ["wrk", "-t1", f"-c{clients}", f"-d{secs}s", "--latency", "-s", str(HERE / script), url, "--", *arguments]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert "Non-2xx" not in said and "Socket errors" not in said, said
        self.done = int(re.search(r"(\d+) requests in", said).group(1))
        self.per_sec = float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1))
        self.p50, self.p99 = (millis(re.search(rf"{share}%\s+([\d.]+\w+)", said).group(1)) for share in (50, 99))


def millis(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


class Huzhu:
    """The service on a database and folder of its own."""

    def __init__(self, binary, load, directory, verb, database=None):
        self.binary, self.load, self.verb = binary, load, verb
        port, metrics = free_ports(2)
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            **os.environ, "HUZHU_DATA_DIR": str(directory), "HUZHU_HTTP__LISTEN": f"127.0.0.1:{port}",
            "HUZHU_HTTP__METRICS_LISTEN": f"127.0.0.1:{metrics}", "HUZHU_LIMITS__REQUESTS_PER_MINUTE": "100000000", "HUZHU_LOG__FORMAT": "json",
        }
        if database:
            self.environment["HUZHU_DATABASE__URL"] = database
        self.log = Path(f"{directory}.log")

    def seed(self, claims, file):
        with open(file, "wb") as out:
            subprocess.run([self.load, "seed", str(claims)], env=self.environment, stdout=out, check=True)

    def start(self):
        """Starts it; answers the seconds until it was ready."""
        began = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.binary, self.verb], env=self.environment, stdout=log, stderr=log)
        while True:
            with contextlib.suppress(OSError):
                if urllib.request.urlopen(f"{self.url}/readyz").status == 200:
                    return time.monotonic() - began
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.002)

    def rss_mib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, "it did not stop well"


def drafts(file):
    """Slices of the seeded drafts, each for one run."""
    lines = iter(Path(file).read_text().splitlines(keepends=True))

    def take(count):
        part = Path(f"{file}.part")
        part.write_text("".join(line for _, line in zip(range(count), lines)))
        return str(part)

    return take


def pgbench(clients, secs):
    """Submissions a second of the floor, and their mean milliseconds."""
    command = ["pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(secs), "-f", str(HERE / "floor_submit.sql")]
    said = subprocess.run([*command, *pg_arguments()], check=True, capture_output=True, text=True).stdout
    return float(re.search(r"tps = ([\d.]+)", said).group(1)), float(re.search(r"latency average = ([\d.]+)", said).group(1))


def pg_arguments():
    return ["-h", "127.0.0.1", "-p", os.environ["TEST_PG_PORT"], "-U", "postgres", "floor"]


def pg_floor(directory):
    psql = ["psql", "-q", "-h", "127.0.0.1", "-p", os.environ["TEST_PG_PORT"], "-U", "postgres"]
    subprocess.run([*psql, "-c", "create database floor", "-c", "create database ours"], check=True)
    subprocess.run([*psql, "-f", str(HERE / "floor_setup.sql"), "floor"], check=True, stdout=subprocess.DEVNULL)
    ids = [f"00000000-0000-7000-9000-{number:012x}" for number in range(1, FLOOR_ROWS + 1)]
    base = os.environ["HUZHU_TEST_PG_URL"].rsplit("/", 1)[0]
    return f"{base}/floor?options[search_path]=floor", ids, pgbench, f"{base}/ours"


def sqlite_floor(directory):
    """The same tables and rows in a file; one writer, as SQLite has."""
    path = Path(directory) / "floor.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(re.sub(r"\b(uuid|bytea|jsonb)\b", "blob", (HERE / "floor_setup.sql").read_text().split("insert into")[0]
                                    .split("set search_path = floor;")[1]))
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    ids = [uuid.UUID(int=(0x7000 << 64) + (0x9000 << 48) + number) for number in range(1, FLOOR_ROWS + 1)]
    connection.execute("begin")
    for id in ids:
        connection.execute("insert into member values (?, ?, ?, 1, 0)", (id.bytes, b"\xab" * 40, b"\xcd" * 40))
        connection.execute(CLAIM, claim_values(id.bytes, id.bytes))
        for number in range(3):
            connection.execute("insert into enrolment values (?, ?, ?, 1, '2026-01-01', '2026-12-31')", (uuid.uuid4().bytes, id.bytes, id.bytes))
            connection.execute(EVENT, (uuid.uuid4().bytes, id.bytes, number))
            connection.execute(DOCUMENT, (uuid.uuid4().bytes, id.bytes))
    connection.execute("commit")

    def submit(clients, secs):
        until, done = time.monotonic() + secs, 0
        while time.monotonic() < until:
            submit_once(connection, ids[done % FLOOR_ROWS].bytes)
            done += 1
        return done / secs, 1000 * secs / done

    return f"sqlite://{path}", [str(id) for id in ids], submit, None


CLAIM = f"insert into claim values ({', '.join('?' * 20)})"
DOCUMENT = "insert into document values (?, ?, 'bill', 'accepted', zeroblob(32), 800000, 1)"
EVENT = "insert into event values (?, ?, ?, 'submitted', null, 1)"


def claim_values(id, member):
    return (id, member, member, member, "member_app", "checking", 1, "hospital_stay", "2026-10-12", "2026-10-20", "hospital", "serial", b'{"days": 8}',
            3599135, 800000, "running", "fund", 1, 1, 1)


def submit_once(connection, member):
    id = (time.time_ns() // 1_000_000).to_bytes(6) + os.urandom(10)
    connection.execute("begin immediate")
    connection.execute("select id, version from member where id = ?", (member,)).fetchall()
    connection.execute("select * from enrolment where member_id = ?", (member,)).fetchall()
    connection.execute(CLAIM, claim_values(id, member))
    connection.executemany(DOCUMENT, [(os.urandom(16), id) for _ in range(3)])
    connection.executemany(EVENT, [(os.urandom(16), id, number) for number in range(2)])
    connection.execute("insert into job values (?, 'claims.check', ?, 'ready', 1)", (os.urandom(16), b'{"claim": 1}'))
    connection.execute("insert into idempotency values ('member:1', 'POST /v1/claims/submit', ?, zeroblob(32), 200, zeroblob(1000), 1)", (id.hex(),))
    connection.execute("commit")


def measure(name, floor, binary, load, directory, secs, rounds):
    floor_url, floor_ids, floor_submit, database = floor(directory)
    huzhu = Huzhu(binary, load, Path(directory) / name, "serve", database)
    file = Path(directory) / f"{name}.drafts"
    huzhu.seed(READ + DRAFTS_A_SECOND * (WARM_SECS + secs * rounds * len(CLIENTS)), file)
    take = drafts(file)
    seen, floor_list = take(READ), Path(directory) / "floor.ids"
    shutil.copy(seen, read := f"{file}.read")
    floor_list.write_text("".join(f"- {id} 1\n" for id in floor_ids))
    port = free_ports(1)[0]
    bare = subprocess.Popen([load, "bare", f"127.0.0.1:{port}", floor_url])
    huzhu.start()
    Wrk(huzhu.url, 16, WARM_SECS, "submit.lua", take(DRAFTS_A_SECOND * WARM_SECS))
    try:
        for clients in CLIENTS:
            submit_floor, submit, read_floor, status = [], [], [], []
            for _ in range(rounds):
                submit_floor.append(floor_submit(clients, secs))
                part = DRAFTS_A_SECOND * secs
                submit.append(Wrk(huzhu.url, clients, secs, "submit.lua", take(part)))
                assert submit[-1].done < part - clients, "the drafts were used up"
                read_floor.append(Wrk(f"http://127.0.0.1:{port}", clients, secs, "status.lua", str(floor_list), "bare"))
                status.append(Wrk(huzhu.url, clients, secs, "status.lua", read))
            print_row(name, "submit", clients, [one for one, _ in submit_floor], submit)
            print_row(name, "status", clients, [one.per_sec for one in read_floor], status)
        print(f"\n{name}: {huzhu.rss_mib():.0f} MiB after all of it\n", flush=True)
    finally:
        bare.terminate()
        huzhu.stop()


def print_row(name, what, clients, floor, ours):
    middle = statistics.median
    floor, per_sec = middle(floor), middle([one.per_sec for one in ours])
    p50, p99 = middle([one.p50 for one in ours]), middle([one.p99 for one in ours])
    print(f"| {name} | {what} | {clients} | {floor:,.0f} | {per_sec:,.0f} | {per_sec / floor:.2f} | {p50:.1f} | {p99:.1f} |", flush=True)


def at_rest(binary, load, directory):
    """Start to ready (the fifth start of five, tables there) and memory after some seconds without a request."""
    huzhu = Huzhu(binary, load, Path(directory) / "rest", "run")
    ready = []
    for _ in range(6):
        ready.append(huzhu.start())
        time.sleep(3)
        rss = huzhu.rss_mib()
        huzhu.stop()
    print(f"`huzhu run`: first start to ready {ready[0] * 1000:.0f} ms (keys and tables made), later starts {statistics.median(ready[1:]) * 1000:.0f} ms "
          f"(median of 5); {rss:.0f} MiB at rest")


def main():
    binary, load = sys.argv[1:3]
    secs, rounds = int((sys.argv[3:] or [5])[0]), int((sys.argv[4:] or [3])[0])
    print("| database | what | clients | floor a second | Huzhu a second | share | p50 ms | p99 ms |\n|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="huzhu-bench.") as directory:
        measure("postgresql", pg_floor, binary, load, directory, secs, rounds)
        measure("sqlite", sqlite_floor, binary, load, directory, secs, rounds)
        at_rest(binary, load, directory)


if __name__ == "__main__":
    main()
