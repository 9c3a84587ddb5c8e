"""Runs a switchable huzhu without each guard and prints how many seeds it took to find that it was away, one play for each processor.

Usage: mutation.py HUZHU SEEDS ORDERS [GUARD…]: all guards, or these; `a+b` are two that are away together.
"""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

# Guards that are taken away together: one alone is covered by the other, which is shown, too.
TOGETHER = [
    ("same_person", "same_person_check"),
    ("cards_at_release", "cards_at_dispatch"),
    ("statement_follows", "statement_seq"),
    ("posted_before", "ledger_key"),
    ("booking_known", "entry_fingerprint", "statement_follows", "statement_seq"),
    ("statement_gate", "last_word"),
    ("lease", "watched_after_lease"),
    ("resolver_is_another", "resolver_check"),
    ("payout_has_failed", "last_try_failed"),
    ("payout_has_failed", "last_try_failed", "one_live", "try_no"),
    ("long_reference", "bank_ref"),
    ("dispatch_state", "dispatch_one_open"),
    ("fencing", "dispatch_answered_once"),
    ("lost_is_not_sent", "debit_stops_sending"),
    ("tied_by_two", "tie_check"),
]
# Guards that are covered by another one alone; the pair above finds them.
COVERED = {
    "cards_at_release",
    "fencing",
    "dispatch_answered_once",
    "one_live",
    "try_no",
    "bank_ref",
    "dispatch_one_open",
    "ledger_key",
    "entry_fingerprint",
    "statement_seq",
    "same_person_check",
    "released_hash_check",
    "transaction_balances",
    "order_keeps",
    "statement_gate",
    "last_word",
    "lease",
    "watched_after_lease",
    "resolver_is_another",
    "resolver_check",
    "booking_known",
    "last_try_failed",
    "payout_has_failed",
}


def run(binary, without, seeds, orders):
    command = [binary, "simulate", "--json", "--no-shrink", "--seeds", str(seeds), "--orders", str(orders)]
    for guard in without:
        command += ["--without", guard]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    took = time.monotonic() - began
    if not done.stdout.strip():
        return None, done.stderr.strip()[:120], took
    report = json.loads(done.stdout)
    if "failure" in report:
        return report["seeds"] + 1, report["failure"]["wrong"][0][:90], took
    return 0, "", took


def main():
    binary, seeds, orders, only = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), set(sys.argv[4:])
    listed = subprocess.run([binary, "simulate", "--guards"], capture_output=True, text=True, check=True).stdout.split()
    rounds = [(guard,) for guard in listed] + TOGETHER
    if only:
        rounds = [guards for guards in rounds if "+".join(guards) in only]
        if unknown := only - {"+".join(guards) for guards in rounds}:
            sys.exit(f"no such guards: {', '.join(sorted(unknown))}")
    print(f"{'guard away':52} {'seeds':>6} {'s':>5}  found by")
    missed = 0

    def play(guards):
        is_covered = guards[0] in COVERED and len(guards) == 1
        return run(binary, guards, min(seeds, 60) if is_covered else seeds, orders)

    pool = ThreadPoolExecutor(os.cpu_count())
    plays = {pool.submit(play, guards): guards for guards in rounds}
    for done in as_completed(plays):
        guards, (found, how, took) = plays[done], done.result()
        if found is None:
            word, missed = "error", missed + 1
        elif found:
            word = str(found)
        elif len(guards) == 1 and guards[0] in COVERED:
            word, how = "-", "another guard covers it: see below, or defence in depth"
        else:
            word, missed = "never", missed + 1
        print(f"{' + '.join(guards):52} {word:>6} {took:5.0f}  {how}", flush=True)
    print(f"{missed} not found in {seeds} seeds of {orders} orders")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
