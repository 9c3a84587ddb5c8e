"""Asks SQLite how it would answer each statement that the suite ran, and refuses those that read a whole table which grows with the claims.
SQLite's planner looks at no value and no size, so what an index serves here it can serve on PostgreSQL too; what a bound value hides from a
partial index shows at once. Usage: scans.py FOLDER HUZHU (the suite's *.log, the binary that makes the tables). Ends with "1 passed, 0 failed".
"""

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

MARK = "huzhu::db::statement: "
#: Their rows are counted in tens or thousands, whatever is claimed.
SMALL = {"calendar_year", "ledger_account", "ledger_balance", "machine_client", "machine_client_key", "organisation", "plan", "plan_version",
         "safe_mode_event", "sealing_key", "seaql_migrations", "staff", "unit"}
#: What may read everything: proof (`verify`, which pages by key or sums), a start, a sweep by date, and what the tests ask for themselves.
WHOLE = [r"^/\* test \*/", r"^delete from bill_check_(bill_)?day where day < \$1$", r"^select coalesce\(d\.day, b\.day\) as day", r"^select id, fen, count\(\*\) over \(\) as found from \(",
         r"^select cast\((coalesce\(sum|count)\(.*\) as bigint\) as fen from", r"WHERE (\?|\$1) = (\?|\$2)$", r'FROM "\w+" LIMIT (\?|\$1)$',
         r'^UPDATE "upload" .* WHERE "upload"\."lease_holder" IS NOT NULL$',
         r'"job"\."state" (= |IN \()[?$]', r"^select 1 as found from job", r"^SELECT COUNT\(\*\) AS num_items FROM \(SELECT \"claim\".*FROM \"claim\"\)"]
#: A step that walks a table in the order of an index, from its beginning or from a key on.
WALK = re.compile(r"(?:SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?|SEARCH (\w+) USING (?:COVERING )?INDEX (sqlite_autoindex_\w+) \(\w+[<>]\?\))")
#: A condition that takes each row which comes, so that a limit ends the walk.
EACH = re.compile(r"(?i)^(?!.*\bwhere\b)|\bwhere (?:true|[\w.\"]+ [<>] (?:\?|\$\d+))(?: order by| limit)")


def statements(folder):
    found = set()
    for log in sorted(Path(folder).glob("*.log")):
        for line in log.read_text(errors="replace").splitlines():
            if MARK in line:
                sql = re.sub(r" micros=\d+$", "", line.split(MARK, 1)[1])
                # What was sent as one to SQLite is looked at part by part; PostgreSQL's form of it is the same parts.
                found.update(part for part in sql.split("; ") if not part.startswith("with w0 as ("))
    return sorted(found)


def plan(connection, sql):
    # One writer at a time: SQLite has no row locks, and needs none.
    sql = re.sub(r' for update( of "\w+")?( skip locked)?', "", sql, flags=re.IGNORECASE)
    values = [None] * (len(set(re.findall(r"\$\d+", sql))) or sql.count("?"))
    return [row[3] for row in connection.execute(f"explain query plan {sql}", values)]


def is_whole(step, sql, aliases, waiting, of_a_kind):
    """True when a step reads all of a table that grows. A page ends with its limit if it takes each row, as it does of an index of one kind of
    rows; an index of what waits is short."""
    match = WALK.match(step)
    if not match or "CONSTANT ROW" in step:
        return False
    table, index = match[1] or match[3], match[2] or match[4]
    if aliases.get(table, table) in SMALL or index in waiting or re.search(rf"\b{table} as \(", sql):
        return False
    return not (index and re.search(r"\blimit\b", sql, re.IGNORECASE) and (index in of_a_kind or EACH.search(sql)))


def main(folder, huzhu):
    ran = statements(folder)
    assert len(ran) > 100, f"{folder}: only {len(ran)} statements were logged"
    with tempfile.TemporaryDirectory(prefix="huzhu-scans.") as directory:
        subprocess.run([huzhu, "migrate"], env={**os.environ, "HUZHU_DATA_DIR": directory}, check=True, stdout=subprocess.DEVNULL)
        connection = sqlite3.connect(Path(directory) / "huzhu.sqlite")
        # What waits goes on: an index of some states holds little of what was ever kept.
        waiting = {name for (name,) in connection.execute("select name from sqlite_master where sql like '% where state = %' or sql like '% where state in %'")}
        of_a_kind = {name for (name,) in connection.execute("select name from sqlite_master where sql like '% where treatment = %'")}
        bad = []
        for sql in ran:
            if any(re.search(pattern, sql) for pattern in WHOLE):
                continue
            aliases = {alias: table for table, alias in re.findall(r"\b(?:from|join|update) (\w+) (\w+)\b", sql)}
            bad += [f"{step}: {sql}" for step in plan(connection, sql) if is_whole(step, sql, aliases, waiting, of_a_kind)]
    print(f"{len(ran)} statements: {len(bad)} read a whole table that grows")
    print(*bad, sep="\n")
    print(f"{0 if bad else 1} passed, {1 if bad else 0} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
