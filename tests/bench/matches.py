"""What it costs to find a page by the keys of its print, among 1 and 5 million of them, on both databases, and how each looks them up.

Usage: matches.py HUZHU [ROWS…], beside a PostgreSQL (HUZHU_TEST_PG_URL). The tables are made by `huzhu migrate`; the keys are random, as keys are.
The statement is the service's (`documents/matches/print_index.rs`), once for each of the 96 keys of a page that stands in four ways.
"""

import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

KEYS_A_PAGE, LOOKED_UP, MOST = 24, 96, 129
FIND = "select document_id, page from document_print_key where print_key = {} limit " + str(MOST)
#: The same keys for every database and size.
CHANCE = random.Random(15)


def main(huzhu, *sizes):
    sizes = [int(size) for size in sizes] or [1_000_000, 5_000_000]
    print("| database | keys | pages | MB | one page looked up, median | slowest of 200 |\n|---|---|---|---|---|---|")
    plans = {}
    with tempfile.TemporaryDirectory(prefix="huzhu-matches.") as directory:
        for name, database in (("SQLite", Sqlite), ("PostgreSQL", Postgres)):
            base = database(huzhu, Path(directory))
            rows = 0
            for size in sizes:
                base.fill(rows, size)
                rows = size
                took = sorted(base.look_up([key(CHANCE.randrange(size)) for _ in range(LOOKED_UP)]) for _ in range(200))
                print(f"| {name} | {size:,} | {size // KEYS_A_PAGE:,} | {base.megabytes():.0f} | {1_000 * statistics.median(took):.1f} ms | {1_000 * took[-1]:.1f} ms |", flush=True)
            plans[name] = base.plan()
    for name, lines in plans.items():
        print(f"\n{name}, at {sizes[-1]:,} keys:", *lines, sep="\n    ")
    return 0


def key(number):
    """The key of a row: spread over all of them, and the same each time."""
    mixed = (number * 0x9E3779B97F4A7C15 + 0xBF58476D1CE4E5B9) % 2**64
    mixed = ((mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9) % 2**64
    return (mixed ^ mixed >> 31) - 2**63


def document(number):
    return uuid.UUID(int=(0x0195A3C0 << 96) + (7 << 76) + (2 << 62) + number // KEYS_A_PAGE)


class Sqlite:
    def __init__(self, huzhu, directory):
        subprocess.run([huzhu, "migrate"], env={**os.environ, "HUZHU_DATA_DIR": str(directory)}, check=True, stdout=subprocess.DEVNULL)
        self.connection = sqlite3.connect(directory / "huzhu.sqlite")

    def fill(self, start, end):
        rows = sorted((key(number), document(number).bytes, 1) for number in range(start, end))
        self.connection.executemany("insert into document_print_key values (?, ?, ?)", rows)
        self.connection.commit()
        self.connection.execute("analyze")

    def look_up(self, keys):
        since = time.perf_counter()
        for one in keys:
            self.connection.execute(FIND.format("?"), [one]).fetchall()
        return time.perf_counter() - since

    def megabytes(self):
        return self.connection.execute("select sum(pgsize) from dbstat where name = 'document_print_key'").fetchone()[0] / 1e6

    def plan(self):
        return [row[3] for row in self.connection.execute("explain query plan " + FIND.format("?"), [0])]


class Postgres:
    """By psql, which measures each statement itself: no driver, and the way to the server is in the figure."""

    def __init__(self, huzhu, directory):
        self.url = os.environ["HUZHU_TEST_PG_URL"]
        subprocess.run([huzhu, "migrate"], env={**os.environ, "HUZHU_DATA_DIR": str(directory), "HUZHU_DATABASE__URL": self.url}, check=True, stdout=subprocess.DEVNULL)

    def psql(self, script):
        command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", self.url]
        return subprocess.run(command, input=script, check=True, capture_output=True, encoding="utf-8").stdout.splitlines()

    def fill(self, start, end):
        rows = "".join(f"{one}\t{name}\t1\n" for one, name in sorted((key(number), document(number)) for number in range(start, end)))
        # The documents themselves are left out.
        self.psql("set session_replication_role = replica;\ncopy document_print_key from stdin;\n" + rows + "\\.\n")
        self.psql("vacuum analyze document_print_key;")

    def look_up(self, keys):
        times = [line for line in self.psql("prepare find(bigint) as " + FIND.format("$1") + ";\n\\timing on\n" + "".join(f"execute find({one});\n" for one in keys)) if line.startswith("Time: ")]
        assert len(times) == len(keys), times
        return sum(float(line.split()[1]) for line in times) / 1_000

    def megabytes(self):
        return int(self.psql("select pg_total_relation_size('document_print_key');")[0]) / 1e6

    def plan(self):
        return self.psql("set plan_cache_mode = force_generic_plan;\nprepare find(bigint) as " + FIND.format("$1") + f";\nexplain (analyze, costs off, timing off, summary off) execute find({key(7)});")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
