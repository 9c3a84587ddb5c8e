"""How many of the fields on generated documents are read as they stand there, by level of distortion, and what a page costs.

Usage: fields.py HUZHU MODELS DIRECTORY [COUNT [SEED [LEVEL…]]]: COUNT (120) documents a level, made in DIRECTORY unless they are there.
Ends with 1 when fewer than 97 % of the number-like fields are exact at light distortion; of less than 100 documents, which are too few to tell
97 % from 93 %, when fewer than 90 % are.
"""

import io
import json
import os
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path

from pictures import LEVELS, documents, two_at_once
from PIL import Image, ImageOps

KINDS = {"settlement_sheet": "settlement_sheet", "e_bill": "bill", "diagnosis": "diagnosis", "discharge_summary": "discharge_summary", "id_card": "id_card"}
# What the generator calls otherwise than the service, and what the service does not look for.
NAMES = {"id_name": "patient_name", "id_valid_from": "valid_from", "id_valid_until": "valid_until"}
NOT_READ = {"doctor", "address", "national_id_masked"}
# Everything whose value is a number, a day, or a code of digits and letters.
NUMBER_LIKE = {
    "bill_code", "bill_number", "check_code", "serial", "issued_on", "starts_on", "ends_on", "total_fen", "pooled_fund_fen", "large_sum_fen",
    "other_pay_fen", "personal_account_fen", "personal_cash_fen", "personal_pay_fen", "self_pay_one_fen", "self_pay_two_fen", "own_expense_fen",
    "age", "national_id", "born_on", "valid_from", "valid_until",
}
ASKED_AT_LEAST, OF_FEW, FEW = 0.97, 0.90, 100


def main(huzhu, models, directory, count=120, seed=41, *levels):
    counts = {}
    milliseconds = []
    levels = levels or LEVELS
    for level in levels:
        truth = documents(Path(directory) / f"fields-{level}-{count}-{seed}", KINDS, level, count, seed)
        pages = two_at_once(partial(read, huzhu, models), truth)
        for one, page in zip(truth, pages):
            milliseconds.append(page["ms"])
            for name, outcome in compare(one, page):
                counts.setdefault(name, {}).setdefault(level, Counter())[outcome] += 1
                if outcome == "wrong":
                    print(f"{one['path']}: {name} {said(page).get(name)}", file=sys.stderr)
        print(f"{level}: {len(truth)} documents", file=sys.stderr, flush=True)
    numbers = table(counts, levels)
    milliseconds.sort()
    middle, slow = milliseconds[len(milliseconds) // 2], milliseconds[len(milliseconds) * 95 // 100]
    print(f"\nA page, two at once on {os.cpu_count()} processors: {middle / 1000:.1f} s, 95 of 100 within {slow / 1000:.1f} s; one alone: {alone(huzhu, models, truth[0]['path'])}.")
    exact = numbers["light"]["exact"] / numbers["light"].total() if "light" in levels else 1
    return 1 if exact < (OF_FEW if count < FEW else ASKED_AT_LEAST) else 0


def read(huzhu, models, document):
    """What `huzhu read` says of the only page of a picture."""
    command = [huzhu, "read", "--models", models, "--kind", KINDS[document["kind"]], document["path"]]
    [page] = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout.splitlines()
    return json.loads(page)


def said(page):
    """The fields of a page by name: fen, a day, or words."""
    def value(field):
        value = field["value"]
        return value.get("amount_fen", value.get("date", value.get("text")))
    return {field["name"]: value(field) for field in page["fields"]}


def compare(truth, page):
    """For each field that stands on a document: exact, wrong or nothing."""
    found = said(page)
    for name, field in truth["fields"].items():
        name = NAMES.get(name, name)
        if name in NOT_READ:
            continue
        if name not in found:
            yield name, "nothing"
        else:
            yield name, "exact" if plain(found[name]) == plain(expected(name, field)) else "wrong"


def expected(name, field):
    return field["value"] if name != "total_in_words" else words(field["value"])


def words(text):
    """The fen of an amount in capital numerals."""
    digits, units = "零壹贰叁肆伍陆柒捌玖", {"拾": 1_000, "佰": 10_000, "仟": 100_000}
    fen = group = last = 0
    for char in text:
        if char in digits:
            last = digits.index(char)
        elif char in units:
            group, last = group + last * units[char], 0
        elif char == "万":
            fen, group, last = (group + last * 100) * 10_000, 0, 0
        elif char in "元圆":
            fen, group, last = fen + group + last * 100, 0, 0
        elif char in "角分":
            fen, last = fen + last * (10 if char == "角" else 1), 0
    return fen


def plain(value):
    return "".join(str(value).split()).translate(str.maketrans("（）：，", "():,"))


def table(counts, levels):
    """Prints a row a field, those like numbers first; answers the sums of these by level."""
    print("| field | " + " | ".join(f"{level}: exact | wrong | nothing" for level in levels) + " |")
    print("|---" * (1 + 3 * len(levels)) + "|")
    sums = {}
    for title, is_number in (("**number-like**", True), ("**other**", False)):
        names = sorted(name for name in counts if (name in NUMBER_LIKE) == is_number)
        total = {level: sum((counts[name].get(level, Counter()) for name in names), Counter()) for level in levels}
        sums[is_number] = total
        for name, row in [(title, total), *((f"`{name}`", counts[name]) for name in names)]:
            print(f"| {name} | " + " | ".join(cells(row.get(level, Counter())) for level in levels) + " |")
    return sums[True]


def cells(counts):
    asked = counts.total()
    exact = f"{100 * counts['exact'] / asked:.1f} % of {asked}" if asked else "-"
    return f"{exact} | {counts['wrong']} | {counts['nothing']}"


def alone(huzhu, models, file):
    """Time and memory of the reader's process for one page of full size."""
    page = ImageOps.exif_transpose(Image.open(file))
    page.thumbnail((2_000, 2_000))
    jpeg = io.BytesIO()
    page.save(jpeg, "JPEG", quality=85)
    reader = subprocess.Popen([huzhu, "read", "--models", models], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    reader.stdin.write(jpeg.getvalue())
    reader.stdin.close()
    _, status, used = os.wait4(reader.pid, 0)
    assert status == 0, status
    return f"{used.ru_utime + used.ru_stime:.1f} s of one processor, {used.ru_maxrss // 1024} MiB"


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[4:6]]
    sys.exit(main(*sys.argv[1:4], *numbers, *sys.argv[6:]))
