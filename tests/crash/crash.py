"""Kills the service (SIGKILL, between them a SIGTERM) at random moments of demo traffic, starts it again, lets the traffic finish, and holds
what is left against what was acknowledged: every byte, document and claim present, each claim paid once by the bank's own memory, `huzhu
verify` clean, no panic and nothing personal in the log. Usage: crash.py sqlite|postgres KILLS
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
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from journey import Asker, decide_all, declare, pay_all, wait_until_paid  # noqa: E402
from people import Demo  # noqa: E402
from ports import free_ports  # noqa: E402
from search_logs import search, values_of  # noqa: E402


#: Members who declare at the same time, and how many stays each has.
LINES, STAYS_A_MEMBER = 3, 80
#: One stop in so many is a SIGTERM: it must end well, and lose nothing either.
ORDERLY_ONE_IN = 5


class Service:
    """`huzhu run --demo` on one folder and one port, started again after each kill."""

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
        self.process, self.verb = None, ["run", "--demo"]

    def start(self):
        self.process = subprocess.Popen([self.binary, *self.verb], env=self.environment, stdout=self.log, stderr=self.log)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            assert self.process.poll() is None, f"it did not start: {self.directory}/service.log"
            try:
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError("it was not ready in 60 s")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(60) == 0, "it did not stop well"

    def verify(self):
        return subprocess.run([self.binary, "verify"], env=self.environment).returncode

    def said_amiss(self):
        """Lines of its log that tell of a panic, or hold a value of somebody of the demo."""
        marks = values_of(Path(self.environment["HUZHU_DATA_DIR"]) / "demo/credentials.json")
        return list(search([Path(self.directory) / "service.log"], {*marks, "panicked at"}))

    def paid_by_bank(self):
        """The reference of every debit that the bank has made, from its own memory."""
        journal = Path(self.environment["HUZHU_DATA_DIR"]) / "bank-sim/journal.jsonl"
        files = [record for record in map(json.loads, journal.read_text().splitlines()) if record["kind"] == "executed"]
        lines = [line for file in files for line in file["lines"] if line["outcome"]["outcome"] == "paid"]
        return [line["bank_ref"] for line in lines for _ in range(line["outcome"]["debits"])]


def traffic(demo, number, stopping, acknowledged, troubles):
    """One member after another, each declaring stay after stay, until told to stop."""
    try:
        for person in range(number, len(demo.credentials["members"]), LINES):
            member = Asker(demo, "member", person)
            for stay_number in range(1, STAYS_A_MEMBER + 1):
                if stopping.is_set():
                    return
                acknowledged.append((member, declare(member, stay_number)))
    except Exception as trouble:  # noqa: BLE001 - reported by the main thread
        troubles.append(trouble)


def office(demo, stopping, troubles):
    """The reviewers, the maker and the checker, again and again."""
    reviewers = [Asker(demo, "reviewer", number) for number in range(3)]
    maker, checker = Asker(demo, "payout_maker"), Asker(demo, "payout_checker")
    try:
        while not stopping.is_set():
            for reviewer in reviewers:
                decide_all(reviewer)
            pay_all(maker, checker)
            time.sleep(0.5)
    except Exception as trouble:  # noqa: BLE001 - reported by the main thread
        troubles.append(trouble)


def main(kind, kills):
    seed = int(os.environ.get("CRASH_SEED", random.SystemRandom().randrange(2**32)))
    chance, directory = random.Random(seed), tempfile.mkdtemp(prefix="huzhu-crash.")
    print(f"{kind}: {kills} kills, CRASH_SEED={seed}", flush=True)
    service = Service(os.environ["DEMO_BINARY"], directory, os.environ["HUZHU_TEST_PG_URL"] if kind == "postgres" else None)
    service.start()
    demo = Demo(service.url, Path(directory) / "data")
    members_stop, office_stop, acknowledged, troubles = threading.Event(), threading.Event(), [], []
    members = [threading.Thread(target=traffic, args=(demo, number, members_stop, acknowledged, troubles)) for number in range(LINES)]
    staff = threading.Thread(target=office, args=(demo, office_stop, troubles))
    for thread in [*members, staff]:
        thread.start()
    for _ in range(kills):
        time.sleep(chance.uniform(0.5, 4.0))
        if chance.randrange(ORDERLY_ONE_IN) == 0:
            service.stop()
            service.start()
            time.sleep(chance.uniform(0.5, 4.0))
        service.kill()
        service.start()
    members_stop.set()
    for thread in members:
        thread.join()
    try:
        for member, claim in acknowledged:
            wait_until_paid(member, claim)
            payouts = member.ask("GET", f"/v1/claims/{claim}/payouts").json()["items"]
            assert len(payouts) == 1, f"{claim}: {payouts}"
            documents = member.ask("GET", f"/v1/claims/{claim}/documents").json()["items"]
            assert [document["state"] for document in documents] == ["clean", "clean"], f"{claim}: {documents}"
    finally:
        office_stop.set()
        staff.join()
        service.stop()
    assert not troubles, troubles
    amiss = service.said_amiss()
    assert not amiss, "\n".join([f"{len(amiss)} lines of {directory}/service.log", *amiss[:20]])
    assert acknowledged, "no claim came through: nothing was tested"
    assert service.verify() == 0, f"verify found something: {directory}"
    paid = service.paid_by_bank()
    assert len(paid) == len(set(paid)) == len(acknowledged), f"the bank paid {len(paid)} times for {len(acknowledged)} claims: {directory}"
    shutil.rmtree(directory)
    print(f"{kind}: {len(acknowledged)} claims acknowledged, each paid once; verify is clean")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
