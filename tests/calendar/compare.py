"""Holds our working days of 2004 to 2026 against two public packages, day by day.

Run inside a virtual environment that has requirements.txt installed; `compare.sh` does that. Exit code 0 means that each
package agrees with us on every day, except for the days of KNOWN_WRONG, where the notice itself decides against it.
"""

import datetime
import pathlib
import sys
import tomllib

import chinese_calendar
import holidays

DATA = pathlib.Path(__file__).resolve().parents[2] / "src" / "calendar" / "data"
FIRST, LAST = 2004, 2026
ONE_DAY = datetime.timedelta(days=1)

# day -> (package, why it is wrong). A day leaves this table when its package is mended: an entry that no longer differs fails too.
KNOWN_WRONG = {
    datetime.date(2005, 12, 31): (
        "chinesecalendar",
        "the notice for 2006 (国办发明电〔2005〕35号) moves the rest day of Saturday 31 December to 2 January: that Saturday is worked",
    ),
}


def our_days():
    """(days off, make-up working days) of all our files."""
    off, working = set(), set()
    for year in range(FIRST, LAST + 1):
        with open(DATA / f"{year}.toml", "rb") as file:
            listed = tomllib.load(file)
        if listed["year"] != year:
            sys.exit(f"{year}.toml says it is for {listed['year']}")
        for holiday in listed["holiday"]:
            day, last = (datetime.date.fromisoformat(holiday[key]) for key in ("first", "last"))
            while day <= last:
                off.add(day)
                day += ONE_DAY
            working.update(datetime.date.fromisoformat(text) for text in holiday.get("working", []))
    return off, working


def main():
    off, working = our_days()
    public = holidays.country_holidays("CN", years=range(FIRST, LAST + 1))
    packages = {"chinesecalendar": chinese_calendar.is_workday, "holidays": public.is_working_day}
    day, days, failures, met = datetime.date(FIRST, 1, 1), 0, [], set()
    while day.year <= LAST:
        ours = day in working or (day.weekday() < 5 and day not in off)
        for name, is_working_day in packages.items():
            if is_working_day(day) == ours:
                continue
            if KNOWN_WRONG.get(day, ("",))[0] == name:
                met.add(day)
            else:
                failures.append(f"{day}: we say {'work' if ours else 'off'}, {name} says the opposite")
        day += ONE_DAY
        days += 1
    failures += [f"{day}: {KNOWN_WRONG[day][0]} agrees now; take it out of KNOWN_WRONG" for day in KNOWN_WRONG.keys() - met]
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"calendar: {days} days of {FIRST} to {LAST} against {', '.join(packages)}: {len(failures)} differences, "
          f"{len(met)} known mistakes of a package")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
