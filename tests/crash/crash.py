"""Kills the service, a worker beside it or the bank (SIGKILL, between them a SIGTERM) at random moments of demo traffic, while the line to the
bank is cut again and again; starts what was killed, lets the traffic finish, and holds what is left against what was acknowledged: every byte,
document and claim present, each claim paid once by the bank's own memory, `huzhu verify` clean, no panic and nothing personal in the log.
Usage: crash.py sqlite|postgres KILLS
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from journey import Asker, decide_all, declare, pay_all, run_all, wait_until_paid  # noqa: E402
from line import BadLine  # noqa: E402
from people import Demo  # noqa: E402
from ports import free_ports  # noqa: E402
from search_logs import search, values_of  # noqa: E402


#: Members who declare at the same time, and how many stays each has.
LINES, STAYS_A_MEMBER = 3, 80
#: One stop in so many is a SIGTERM: it must end well, and lose nothing either.
ORDERLY_ONE_IN = 5
#: Who is killed, each as often as it stands here.
VICTIMS = ("service", "service", "worker", "bank")
#: Bytes to the bank after which its line is cut: amid a question as often as amid a file of many orders, or after some of them.
CUT_BYTES = (50, 20_000)
BEIJING = timezone(timedelta(hours=8))
#: The last of the bank's day, in which nothing is sent again (15 minutes), and a run before it.
DAY_END_SECS = 25 * 60
#: So many lines of the log are shown of a process that did not do what it should.
LAST_WORDS = 20
#: What the bank's account holds, ten million yuan.
FUNDS_FEN = 1_000_000_000


class Process:
    """A verb of the program, killed and started again."""

    def __init__(self, command, environment, log, ready):
        self.command, self.environment, self.log, self.ready, self.process = command, environment, log, ready, None

    def start(self):
        self.process = subprocess.Popen(self.command, env=self.environment, stdout=self.log, stderr=self.log)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            self.assert_alive()
            try:
                if httpx.get(self.ready).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"{self.name} was not ready in 60 s\n{self.last_words()}")

    def kill(self):
        self.assert_alive()
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.assert_alive()
        self.process.terminate()
        code = self.process.wait(60)
        assert code == 0, f"{self.name} did not stop well: {code}\n{self.last_words()}"

    def assert_alive(self):
        code = self.process.poll()
        assert code is None, f"{self.name} ended by itself: {code}\n{self.last_words()}"

    @property
    def name(self):
        return f"huzhu {self.command[1]}"

    def last_words(self):
        """The end of the log that it shares with the others."""
        return "\n".join(Path(self.log.name).read_text(errors="replace").splitlines()[-LAST_WORDS:])


class Service(Process):
    """`huzhu run --demo` on one folder and one port."""

    def __init__(self, binary, directory, database):
        self.binary, self.directory, self.log = binary, directory, open(Path(directory) / "service.log", "ab")
        port, metrics = free_ports(2)
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            **os.environ, "HUZHU_DATA_DIR": f"{directory}/data", "HUZHU_HTTP__LISTEN": f"127.0.0.1:{port}",
            "HUZHU_HTTP__METRICS_LISTEN": f"127.0.0.1:{metrics}", "HUZHU_LIMITS__REQUESTS_PER_MINUTE": "1000000",
            "HUZHU_SIGN_IN__OTP_PER_SOURCE_PER_HOUR": "100000", "HUZHU_JOBS__LEASE_SECS": "5",
        }
        if database:
            self.environment["HUZHU_DATABASE__URL"] = database
        super().__init__([binary, "run", "--demo"], self.environment, self.log, f"{self.url}/readyz")

    def verify(self):
        return subprocess.run([self.binary, "verify"], env=self.environment).returncode

    def said_amiss(self):
        """Lines of its log that tell of a panic, or hold a value of somebody of the demo."""
        marks = values_of(Path(self.environment["HUZHU_DATA_DIR"]) / "demo/credentials.json")
        return list(search([Path(self.directory) / "service.log"], {*marks, "panicked at"}))

    def with_bank(self, seed):
        """Its bank as a process of its own, behind a line that is cut; the line with it."""
        port, data = free_ports(1)[0], Path(self.directory) / "data/bank-sim"
        data.parent.mkdir(mode=0o700)
        command = [self.binary, "bank-sim", "--listen", f"127.0.0.1:{port}", "--data", str(data), "--opening-fen", str(FUNDS_FEN)]
        line = BadLine([("127.0.0.1", port)], seed, cut_after)
        # It pays at any hour, and says "not found" of what it will never have: it may be asked again soon, as in the demo.
        self.environment |= {
            "HUZHU_BANK__KIND": "simulator", "HUZHU_BANK__URL": f"http://127.0.0.1:{line.port}", "HUZHU_BANK__NOT_FOUND_GAP_SECS": "4",
            "HUZHU_BANK__DISPATCH_FROM": "00:00", "HUZHU_BANK__CUT_OFF": "24:00", "HUZHU_BANK__PAYS_ON": "every_day",
        }
        return Process(command, self.environment, self.log, f"http://127.0.0.1:{port}/healthz"), line

    def worker(self):
        """`huzhu work` beside it: the same database and folder."""
        metrics = f"127.0.0.1:{free_ports(1)[0]}"
        environment = {**self.environment, "HUZHU_HTTP__METRICS_LISTEN": metrics}
        return Process([self.binary, "work"], environment, self.log, f"http://{metrics}/metrics")

    def paid_by_bank(self):
        """The reference of every debit that the bank has made, from its own memory."""
        journal = Path(self.environment["HUZHU_DATA_DIR"]) / "bank-sim/journal.jsonl"
        files = [record for record in map(json.loads, journal.read_text().splitlines()) if record["kind"] == "executed"]
        lines = [line for file in files for line in file["lines"] if line["outcome"]["outcome"] == "paid"]
        return [line["bank_ref"] for line in lines for _ in range(line["outcome"]["debits"])]


def cut_after(chance):
    """The logarithm is drawn evenly: small questions are cut, and large files come through."""
    least, most = CUT_BYTES
    return round(least * (most / least) ** chance.random())


def patience_secs(kills):
    """A job waits longer after each death of its worker, and another one for it: so long at most until something is done."""
    return 300 + 10 * kills


def traffic(demo, number, secs, stopping, acknowledged, troubles):
    """One member after another, each declaring stay after stay, until told to stop."""
    try:
        for person in range(number, len(demo.credentials["members"]), LINES):
            member = Asker(demo, "member", person)
            for stay_number in range(1, STAYS_A_MEMBER + 1):
                if stopping.is_set():
                    return
                acknowledged.append((member, declare(member, stay_number, secs)))
    except Exception as trouble:  # noqa: BLE001 - reported by the main thread
        troubles.append(trouble)


def office(demo, stopping, troubles):
    """The reviewers, the maker and the checker, again and again."""
    reviewers = [Asker(demo, "reviewer", number) for number in range(3)]
    maker, checker, turn = Asker(demo, "payout_maker"), Asker(demo, "payout_checker"), 0
    try:
        while not stopping.is_set():
            for reviewer in reviewers:
                decide_all(reviewer)
            # Batch by batch, and as a run that is released whole, in turn.
            (run_all if turn % 2 else pay_all)(maker, checker)
            turn += 1
            time.sleep(0.5)
    except Exception as trouble:  # noqa: BLE001 - reported by the main thread
        troubles.append(trouble)


def wait_for_a_new_day():
    """Shortly before the bank's day ends nothing is sent to it again, and a batch in doubt would stay so: then the test begins after it."""
    now = datetime.now(BEIJING)
    left = (now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1) - now).total_seconds()
    if left < DAY_END_SECS:
        print(f"the bank's day ends: beginning in {left:.0f} s", flush=True)
        time.sleep(left)


def main(kind, kills):
    wait_for_a_new_day()
    seed = int(os.environ.get("CRASH_SEED", random.SystemRandom().randrange(2**32)))
    chance, directory = random.Random(seed), tempfile.mkdtemp(prefix="huzhu-crash.")
    print(f"{kind}: {kills} kills, CRASH_SEED={seed}", flush=True)
    service = Service(os.environ["DEMO_BINARY"], directory, os.environ["HUZHU_TEST_PG_URL"] if kind == "postgres" else None)
    bank, line = service.with_bank(seed)
    worker = service.worker()
    for process in (bank, service, worker):
        process.start()
    victims, killed = {"service": service, "worker": worker, "bank": bank}, []
    demo = Demo(service.url, Path(directory) / "data")
    members_stop, office_stop, acknowledged, troubles = threading.Event(), threading.Event(), [], []
    secs = patience_secs(kills)
    members = [threading.Thread(target=traffic, args=(demo, number, secs, members_stop, acknowledged, troubles)) for number in range(LINES)]
    staff = threading.Thread(target=office, args=(demo, office_stop, troubles))
    for thread in [*members, staff]:
        thread.start()
    while len(killed) < kills and not troubles:
        time.sleep(chance.uniform(0.5, 4.0))
        if chance.randrange(ORDERLY_ONE_IN) == 0:
            service.stop()
            service.start()
            time.sleep(chance.uniform(0.5, 4.0))
        killed.append(chance.choice(VICTIMS))
        victims[killed[-1]].kill()
        victims[killed[-1]].start()
    members_stop.set()
    for thread in members:
        thread.join()
    try:
        for member, claim in acknowledged:
            wait_until_paid(member, claim, secs)
            payouts = member.ask("GET", f"/v1/claims/{claim}/payouts").json()["items"]
            assert len(payouts) == 1, f"{claim}: {payouts}"
            documents = member.ask("GET", f"/v1/claims/{claim}/documents").json()["items"]
            assert [document["state"] for document in documents] == ["clean", "clean"], f"{claim}: {documents}"
    except Exception as trouble:  # noqa: BLE001 - said below, after what may have caused it
        troubles.append(trouble)
    finally:
        office_stop.set()
        staff.join()
        for process in (worker, service, bank):
            try:
                process.stop()
            except Exception as trouble:  # noqa: BLE001 - the others are to be stopped, too
                troubles.append(trouble)
        line.close()
    assert not troubles, "\n".join([directory, *(f"{type(trouble).__name__}: {trouble}" for trouble in troubles)])
    amiss = service.said_amiss()
    assert not amiss, "\n".join([f"{len(amiss)} lines of {directory}/service.log", *amiss[:20]])
    assert acknowledged, "no claim came through: nothing was tested"
    assert service.verify() == 0, f"verify found something: {directory}"
    paid = service.paid_by_bank()
    assert len(paid) == len(set(paid)) == len(acknowledged), f"the bank paid {len(paid)} times for {len(acknowledged)} claims: {directory}"
    shutil.rmtree(directory)
    died = ", ".join(f"{who} {killed.count(who)}" for who in victims)
    print(f"{kind}: {len(acknowledged)} claims acknowledged, each paid once; verify is clean; killed: {died}; to the bank {line.sent_bytes} bytes, cut {sum(line.cuts.values())} times")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
