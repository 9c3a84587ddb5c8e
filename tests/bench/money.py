"""Measures the money code at the size of a quarter beside floors in the same run: files rendered beside a plain write!, a camt.053 taken and
matched beside a bare pass of quick-xml plus COPY of every row that it leaves. Prints Markdown.

Then a whole quarter's payout by the real processes. Usage: with_postgres.sh money.py MONEY HUZHU PAYMENTS ENTRIES ORDERS, 0 for none.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from ports import free_ports  # noqa: E402

HERE = Path(__file__).resolve().parent
#: The account that pays, unless the configuration says another.
ACCOUNT, TODAY = "6222020000001", "2026-03-16"
#: What a statement leaves: rows that are new, and rows that it changes.
LEFT = {
    "statement_entry": "true", "ledger_transaction": "kind = 'settled'",
    "ledger_posting": "transaction_id in (select id from ledger_transaction where kind = 'settled')",
    "payout_order": "state = 'settled'", "payout": "state = 'settled'", "ledger_part": "settled_fen > 0",
}


def psql(database, *arguments, **options):
    command = ["psql", "-q", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", os.environ["TEST_PG_PORT"], "-U", "postgres", database]
    return subprocess.run([*command, *arguments], check=True, capture_output=True, text=True, **options).stdout.strip()


def wal(database):
    return int(psql(database, "-c", "select pg_current_wal_insert_lsn() - '0/0'"))


class Money:
    """The bench's own program on a database of its own."""

    def __init__(self, binary, directory, name):
        self.binary, self.name = binary, name
        psql("postgres", "-c", f"create database {name}")
        data = directory / name
        data.mkdir(mode=0o700)
        (data / "bank").mkdir()
        base = os.environ["HUZHU_TEST_PG_URL"].rsplit("/", 1)[0]
        self.environment = {
            **os.environ, "HUZHU_DATA_DIR": str(data), "HUZHU_DATABASE__URL": f"{base}/{name}", "HUZHU_BANK__KIND": "iso20022_files",
            "HUZHU_BANK__FILES__DEBTOR_NAME": "样本互助保障会", "HUZHU_BANK__FILES__CNAPS": '"313100000013"',
            "HUZHU_BANK__FILES__DIRECTORY": str(data / "bank"), "HUZHU_LOG__FILTER": "warn",
        }

    def run(self, *arguments, **options):
        return subprocess.run([self.binary, *map(str, arguments)], env=self.environment, check=True, text=True, stdout=subprocess.PIPE, **options).stdout

    def seed(self, payouts):
        one = self.run("seed").strip()
        psql(self.name, "-v", f"one={one}", "-v", f"n={payouts - 1}", "-f", str(HERE / "money_seed.sql"))


def render(binary, orders, directory):
    out = json.loads(subprocess.run([binary, "render", str(orders), str(directory)], check=True, stdout=subprocess.PIPE, text=True).stdout)
    print(f"\n{out['orders']:,} payments in {out['files']} files ({out['flat_bytes'] / 2**20:.0f} MiB flat)\n")
    print("| format | write! of the same fields | Huzhu | ratio |\n|---|---|---|---|")
    for name, floor, ours in [("flat (GB18030, SM3 in the trailer)", "plain_flat", "flat"), ("pain.001.001.09", "plain_iso", "iso")]:
        floor, ours = out[f"{floor}_secs"], out[f"{ours}_secs"]
        print(f"| {name} | {floor:.2f} s | {ours:.2f} s | {ours / floor:.2f} |")
    sm3, flat, floor = out["sm3_secs"], out["flat_secs"], out["plain_flat_secs"]
    print(f"| flat without its digest | {floor:.2f} s | {flat - sm3:.2f} s | {(flat - sm3) / floor:.2f} |")
    print(f"\nApart: SM3 {sm3:.2f} s, SHA-256 {out['sha256_secs']:.2f} s, SM2 signatures {out['signature_secs']:.2f} s, SM4 envelopes {out['envelope_secs']:.2f} s\n", flush=True)


def take(binary, entries, directory):
    money = Money(binary, directory, "taken")
    money.seed(entries)
    psql(money.name, "-v", f"account={ACCOUNT}", "-v", f"today={TODAY}", "-f", str(HERE / "money_paid.sql"))
    file, orders = directory / "statement.xml", directory / "orders"
    orders.write_text(psql(money.name, "-F", " ", "-c", "select bank_ref, amount_fen from payout_order order by bank_ref") + "\n")
    with open(orders) as lines, open(file, "w") as out:
        subprocess.run([binary, "camt", ACCOUNT, TODAY, "1000000000000"], stdin=lines, stdout=out, check=True)
    before = wal(money.name)
    ours = json.loads(money.run("take", file))
    written = wal(money.name) - before
    scanned = json.loads(money.run("scan", file))["secs"]
    # Into tables with the same columns, indexes and checks, without foreign keys and triggers; all in one transaction.
    rows, copy = 0, []
    for table, condition in LEFT.items():
        path = directory / f"{table}.copy"
        psql(money.name, "-c", f"\\copy (select * from {table} where {condition}) to '{path}'")
        psql(money.name, "-c", f"create table floor_{table} (like {table} including all)")
        rows += sum(1 for _ in open(path))
        copy.append(f"\\copy floor_{table} from '{path}'")
    began = time.monotonic()
    psql(money.name, input="\n".join(["begin;", *copy, "commit;"]))
    copied = time.monotonic() - began
    inserted = sum(int(psql(money.name, "-c", f"select count(*) from floor_{table}")) for table in list(LEFT)[:3])
    floor = scanned + copied
    print(f"camt.053 of {ours['entries']:,} entries ({file.stat().st_size / 2**20:.0f} MiB), PostgreSQL: {rows:,} rows left, {inserted:,} of them new\n")
    print("| what | time |\n|---|---|")
    print(f"| a bare pass of quick-xml | {scanned:.1f} s |\n| COPY of every row | {copied:.1f} s |\n| Huzhu: kept, checked, matched, posted | {ours['secs']:.1f} s |")
    print(f"\n**{ours['secs'] / floor:.2f}** of the floor; {ours['most_memory_mib']} MiB at most; {written / 2**20:.0f} MiB of WAL; keeping the file {ours['kept_secs']:.1f} s\n", flush=True)
    left = psql(money.name, "-c", "select state, count(*) from payout_order group by state")
    assert left == f"settled|{entries}", left


class Process:
    """A program that runs beside the bench; what it had in memory at most."""

    def __init__(self, command, environment, log):
        self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def most_memory_mib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) // 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def ask(method, url, body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=900) as answer:
        return answer.read()


def until(what, secs=6 * 3600):
    """Waits for `what`; answers the seconds it took."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < secs, "it takes too long"
        time.sleep(1)
    return time.monotonic() - began


def quarter(binary, huzhu, orders, directory):
    """Everything that a quarter's payouts take, from the start of the run to the last order settled, by service, workers and bank as processes."""
    money = Money(binary, directory, "quarter")
    bank_port, port, *metrics = free_ports(4)
    bank, base = f"http://127.0.0.1:{bank_port}", f"http://127.0.0.1:{port}"
    for name in [name for name in money.environment if name.startswith("HUZHU_BANK__FILES")]:
        del money.environment[name]
    money.environment |= {
        "HUZHU_BANK__KIND": "simulator", "HUZHU_BANK__URL": bank, "HUZHU_BANK__MAX_BATCH_FEN": "100000000000", "HUZHU_BANK__MAX_DAY_FEN": "1000000000000",
        "HUZHU_BANK__CUT_OFF": "24:00", "HUZHU_BANK__DISPATCH_FROM": "00:00", "HUZHU_BANK__PAYS_ON": "every_day", "HUZHU_HTTP__LISTEN": f"127.0.0.1:{port}",
    }
    money.seed(orders)
    log = open(directory / "quarter.log", "ab")
    processes = {"bank": Process([huzhu, "bank-sim", "--listen", f"127.0.0.1:{bank_port}", "--data", str(directory / "bank-sim"), "--opening-fen", "1000000000000000"], money.environment, log)}
    for verb, metrics_port in zip(("serve", "work"), metrics):
        processes[verb] = Process([huzhu, verb], {**money.environment, "HUZHU_HTTP__METRICS_LISTEN": f"127.0.0.1:{metrics_port}"}, log)
    try:
        # A fresh one each time: they live for minutes, and this may take hours. 0 prepares, 1 releases.
        token = lambda who: f"Bearer {money.run('tokens').split()[who]}"  # noqa: E731
        ready = lambda url: lambda: subprocess.run(["curl", "-sf", "-o", "/dev/null", url]).returncode == 0  # noqa: E731
        until(ready(f"{base}/readyz")), until(ready(f"{bank}/healthz"))
        before, began = wal(money.name), time.monotonic()
        run = json.loads(ask("POST", f"{base}/v1/payout-runs", {}, authorization=token(0), idempotency_key="bench-start-run"))
        path, shown = f"{base}/v1/payout-runs/{run['id']}", {}

        def prepared():
            shown.update(json.loads(ask("GET", path, authorization=token(0)))["run"])
            return shown["state"] == "prepared"

        steps = {"batches prepared": until(prepared)}
        ask("POST", f"{path}/release", {"sha256": shown["sha256"]}, authorization=token(1), idempotency_key="bench-release", if_match=f'"{shown["version"]}"')
        # One is enough to know that it goes on: to count them each second would cost what is measured.
        open_orders = "select count(*) from (select 1 from payout_order where state <> all (array['paid', 'settled']) limit 1) one"
        steps["released, sent, results taken"] = until(lambda: psql(money.name, "-c", open_orders) == "0")
        ask("POST", f"{bank}/sim/day/close", {})
        file = directory / "statement.txt"
        file.write_bytes(ask("GET", f"{bank}/bank/v1/statements/{ACCOUNT}/1"))
        taken = time.monotonic()
        said = subprocess.run([huzhu, "recon", "import", str(file)], env=money.environment, capture_output=True, text=True)
        assert psql(money.name, "-c", "select count(*) from payout_order where state <> 'settled'") == "0", said.stdout + said.stderr
        steps["statement taken and matched"] = time.monotonic() - taken
        total, written = time.monotonic() - began, wal(money.name) - before
        memory = {name: process.most_memory_mib() for name, process in processes.items()}
    finally:
        for process in reversed(processes.values()):
            process.stop()
    print(f"{orders:,} orders in {shown['batch_count']} batches, PostgreSQL, from the start of the run to the last one settled:\n")
    print("| what | time | orders a second |\n|---|---|---|")
    for what, secs in [*steps.items(), ("all", total)]:
        print(f"| {what} | {secs:.0f} s | {orders / secs:,.0f} |")
    print(f"\n{written / 2**20:,.0f} MiB of WAL ({written / orders / 1024:.1f} KiB an order); most memory: API {memory['serve']} MiB, workers {memory['work']} MiB\n", flush=True)


def main():
    binary, huzhu = sys.argv[1:3]
    payments, entries, orders = map(int, sys.argv[3:6])
    with tempfile.TemporaryDirectory(prefix="huzhu-bench.") as directory:
        directory = Path(directory)
        (directory / "files").mkdir()
        if payments:
            render(binary, payments, directory / "files")
        if entries:
            take(binary, entries, directory)
        if orders:
            quarter(binary, huzhu, orders, directory)


if __name__ == "__main__":
    main()
