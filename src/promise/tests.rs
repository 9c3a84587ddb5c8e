//! The clock, row by row: festivals, worked Saturdays, pauses, restarts, and years that are not published.

use time::macros::date;
use time::{Date, OffsetDateTime};

use super::*;
use crate::calendar::Calendar;
use crate::kernel::clock::{Moment, SHANGHAI, iso_date};

/// `2026-03-02 09:30` at +08:00.
fn at(text: &str) -> Moment {
    let (day, time) = text.split_once(' ').unwrap();
    let (hour, minute) = time.split_once(':').unwrap();
    let date = iso_date::parse(day).unwrap();
    let moment = OffsetDateTime::new_in_offset(
        date,
        time::Time::from_hms(hour.parse().unwrap(), minute.parse().unwrap(), 0).unwrap(),
        SHANGHAI,
    );
    Moment::from(moment)
}

fn rows(text: &[(&str, ClockEvent)]) -> Vec<ClockRow> {
    text.iter().map(|(when, event)| ClockRow { at: at(when), event: *event }).collect()
}

fn stand(text: &[(&str, ClockEvent)], now: &str) -> Standing {
    standing(&rows(text), Calendar::built_in(), at(now)).unwrap().unwrap()
}

fn end(date: Date) -> Option<Moment> {
    Some(Moment::end_of(date))
}

use ClockEvent::{Pause, Restart, Resume, Start, Stop};

struct Case {
    what: &'static str,
    rows: &'static [(&'static str, ClockEvent)],
    now: &'static str,
    day: u32,
    due: Option<Date>,
    expected: Option<Date>,
    breached: Option<&'static str>,
}

/// March 2026 has no holiday: its Mondays are the 2nd, 9th, 16th, 23rd and 30th.
const CASES: &[Case] = &[
    Case {
        what: "the day of acceptance does not count",
        rows: &[("2026-03-02 09:30", Start)],
        now: "2026-03-02 18:00",
        day: 0,
        due: Some(date!(2026 - 03 - 16)),
        expected: Some(date!(2026 - 03 - 16)),
        breached: None,
    },
    Case {
        what: "day 1 is the next working day",
        rows: &[("2026-03-06 16:00", Start)],
        now: "2026-03-09 00:00",
        day: 1,
        due: Some(date!(2026 - 03 - 20)),
        expected: Some(date!(2026 - 03 - 20)),
        breached: None,
    },
    Case {
        what: "a weekend adds nothing",
        rows: &[("2026-03-02 09:30", Start)],
        now: "2026-03-08 23:00",
        day: 4,
        due: Some(date!(2026 - 03 - 16)),
        expected: Some(date!(2026 - 03 - 16)),
        breached: None,
    },
    Case {
        what: "accepted on a Sunday, Monday is day 1",
        rows: &[("2026-03-01 10:00", Start)],
        now: "2026-03-02 10:00",
        day: 1,
        due: Some(date!(2026 - 03 - 13)),
        expected: Some(date!(2026 - 03 - 13)),
        breached: None,
    },
    Case {
        what: "Spring Festival is passed over and its two worked Saturdays count",
        rows: &[("2026-02-10 09:00", Start)],
        now: "2026-02-28 12:00",
        day: 9,
        due: Some(date!(2026 - 03 - 02)),
        expected: Some(date!(2026 - 03 - 02)),
        breached: None,
    },
    Case {
        what: "accepted within the festival",
        rows: &[("2026-02-18 09:00", Start)],
        now: "2026-02-23 09:00",
        day: 0,
        due: Some(date!(2026 - 03 - 06)),
        expected: Some(date!(2026 - 03 - 06)),
        breached: None,
    },
    Case {
        what: "a pause over a weekend takes out only the days that stood still",
        rows: &[("2026-03-02 09:30", Start), ("2026-03-06 12:00", Pause), ("2026-03-10 12:00", Resume)],
        now: "2026-03-10 13:00",
        day: 5, // 3, 4, 5, 6 and 10 March
        due: Some(date!(2026 - 03 - 17)),
        expected: Some(date!(2026 - 03 - 17)),
        breached: None,
    },
    Case {
        what: "paused: the date is what it would be if the member acted now",
        rows: &[("2026-03-02 09:30", Start), ("2026-03-06 12:00", Pause)],
        now: "2026-03-12 08:00",
        day: 4,
        due: None,
        expected: Some(date!(2026 - 03 - 19)),
        breached: None,
    },
    Case {
        what: "a pause within one day takes nothing out",
        rows: &[("2026-03-02 09:30", Start), ("2026-03-04 09:00", Pause), ("2026-03-04 17:00", Resume)],
        now: "2026-03-05 09:00",
        day: 3,
        due: Some(date!(2026 - 03 - 16)),
        expected: Some(date!(2026 - 03 - 16)),
        breached: None,
    },
    Case {
        what: "paused at midnight, the day that follows does not count",
        rows: &[("2026-03-02 09:30", Start), ("2026-03-04 00:00", Pause), ("2026-03-05 00:00", Resume)],
        now: "2026-03-05 09:00",
        day: 2, // 3 and 5 March
        due: Some(date!(2026 - 03 - 17)),
        expected: Some(date!(2026 - 03 - 17)),
        breached: None,
    },
    Case {
        what: "resumed and paused in the same moment, the day does not count",
        rows: &[
            ("2026-03-02 09:30", Start),
            ("2026-03-03 10:00", Pause),
            ("2026-03-05 10:00", Resume),
            ("2026-03-05 10:00", Pause),
        ],
        now: "2026-03-05 18:00",
        day: 1,
        due: None,
        expected: Some(date!(2026 - 03 - 17)),
        breached: None,
    },
    Case {
        what: "paused on the day of acceptance and answered after a week",
        rows: &[("2026-03-02 09:30", Start), ("2026-03-02 10:00", Pause), ("2026-03-09 10:00", Resume)],
        now: "2026-03-09 11:00",
        day: 1,
        due: Some(date!(2026 - 03 - 20)),
        expected: Some(date!(2026 - 03 - 20)),
        breached: None,
    },
    Case {
        what: "paid in the last minute of day 10",
        rows: &[("2026-03-02 09:30", Start), ("2026-03-16 23:59", Stop)],
        now: "2026-03-20 00:00",
        day: 10,
        due: Some(date!(2026 - 03 - 16)),
        expected: None,
        breached: None,
    },
    Case {
        what: "paid a minute after day 10 is a breach",
        rows: &[("2026-03-02 09:30", Start), ("2026-03-17 00:01", Stop)],
        now: "2026-03-20 00:00",
        day: 11,
        due: Some(date!(2026 - 03 - 16)),
        expected: None,
        breached: Some("2026-03-17 00:00"),
    },
    Case {
        what: "not paid on day 11: overdue since midnight, and no date is promised any more",
        rows: &[("2026-03-02 09:30", Start)],
        now: "2026-03-18 12:00",
        day: 12,
        due: Some(date!(2026 - 03 - 16)),
        expected: None,
        breached: Some("2026-03-17 00:00"),
    },
    Case {
        what: "due on a Friday, the clock runs into Saturday and is overdue",
        rows: &[("2026-03-06 16:00", Start)],
        now: "2026-03-21 00:00",
        day: 10,
        due: Some(date!(2026 - 03 - 20)),
        expected: None,
        breached: Some("2026-03-21 00:00"),
    },
    Case {
        what: "paused on day 10: overdue only when it runs again",
        rows: &[("2026-03-02 09:30", Start), ("2026-03-16 12:00", Pause)],
        now: "2026-03-19 12:00",
        day: 10,
        due: Some(date!(2026 - 03 - 16)),
        expected: None,
        breached: None,
    },
    Case {
        what: "and then from that moment",
        rows: &[("2026-03-02 09:30", Start), ("2026-03-16 12:00", Pause), ("2026-03-19 15:00", Resume)],
        now: "2026-03-19 16:00",
        day: 11,
        due: Some(date!(2026 - 03 - 16)),
        expected: None,
        breached: Some("2026-03-19 15:00"),
    },
    Case {
        what: "paid on day 3 and returned later: the days used are kept",
        rows: &[("2026-03-02 09:30", Start), ("2026-03-05 10:00", Stop), ("2026-03-23 10:00", Restart)],
        now: "2026-03-23 11:00",
        day: 4, // 3, 4, 5 and 23 March
        due: Some(date!(2026 - 03 - 31)),
        expected: Some(date!(2026 - 03 - 31)),
        breached: None,
    },
    Case {
        what: "returned on the day on which it was paid: that day counts once",
        rows: &[("2026-03-02 09:30", Start), ("2026-03-05 10:00", Stop), ("2026-03-05 16:00", Restart)],
        now: "2026-03-05 17:00",
        day: 3,
        due: Some(date!(2026 - 03 - 16)),
        expected: Some(date!(2026 - 03 - 16)),
        breached: None,
    },
    Case {
        what: "failed while running changes nothing; the wait for a new card pauses",
        rows: &[
            ("2026-03-02 09:30", Start),
            ("2026-03-04 10:00", Restart),
            ("2026-03-04 10:00", Pause),
            ("2026-03-05 10:00", Restart),
        ],
        now: "2026-03-06 10:00",
        day: 2,
        due: None,
        expected: Some(date!(2026 - 03 - 17)),
        breached: None,
    },
    Case {
        what: "rejected while waiting for the member",
        rows: &[("2026-03-02 09:30", Start), ("2026-03-04 10:00", Pause), ("2026-03-30 10:00", Stop)],
        now: "2026-04-20 10:00",
        day: 2,
        due: None,
        expected: None,
        breached: None,
    },
    Case {
        what: "the bank dates its success before our last row",
        rows: &[
            ("2026-03-02 09:30", Start),
            ("2026-03-04 10:00", Pause),
            ("2026-03-06 10:00", Resume),
            ("2026-03-05 23:59", Stop),
        ],
        now: "2026-03-10 10:00",
        day: 2,
        due: None,
        expected: None,
        breached: None,
    },
];

#[test]
fn the_clock_counts_as_promised() {
    for case in CASES {
        let standing = stand(case.rows, case.now);
        assert_eq!(standing.day, case.day, "{}: day", case.what);
        assert_eq!(standing.due, case.due.and_then(end), "{}: due", case.what);
        assert_eq!(standing.expected_pay_date, case.expected, "{}: expected", case.what);
        assert_eq!(standing.breached_at, case.breached.map(at), "{}: breach", case.what);
        assert_eq!(standing.days_left, PROMISE_DAYS.saturating_sub(case.day), "{}: left", case.what);
        assert!(!standing.provisional, "{}: provisional", case.what);
    }
}

#[test]
fn a_promise_that_reaches_an_unpublished_year_is_provisional() {
    let start = [("2026-12-21 09:00", Start)];
    let standing = stand(&start, "2026-12-21 10:00");
    assert!(standing.provisional);
    // 22 to 25, 28 to 31 December; 1 January is off; 4 and 5 January.
    assert_eq!(standing.due, end(date!(2027 - 01 - 05)));
    let list = crate::calendar::YearList::parse(
        "2027.toml",
        "year = 2027\nnotice = \"n\"\nsource = \"s\"\n[[holiday]]\nname = { zh = \"元旦\", en = \"New Year\" }\nfirst = \"2027-01-01\"\nlast = \"2027-01-04\"\n",
    )
    .unwrap();
    let loaded = Calendar::built_in().with([list]);
    let again = super::standing(&rows(&start), &loaded, at("2026-12-21 10:00")).unwrap().unwrap();
    assert!(!again.provisional);
    assert_eq!(again.due, end(date!(2027 - 01 - 06)));
}

#[test]
fn escalations_come_when_their_day_begins_to_count() {
    let start = [("2026-03-02 09:30", Start)];
    let before = stand(&start, "2026-03-09 23:59");
    let days: Vec<_> = before.marks.iter().map(|mark| (mark.at.unwrap().date(), mark.reached)).collect();
    assert_eq!(days, [(date!(2026 - 03 - 10), false), (date!(2026 - 03 - 12), false), (date!(2026 - 03 - 16), false)]);
    let sixth = stand(&start, "2026-03-10 00:00");
    assert_eq!(sixth.marks.map(|mark| mark.reached), [true, false, false]);
    assert_eq!(stand(&start, "2026-03-30 00:00").marks.map(|mark| mark.reached), [true, true, true]);
    let resumed = [
        ("2026-03-02 09:30", Start),
        ("2026-03-09 12:00", Pause), // day 5
        ("2026-03-12 15:00", Resume),
    ];
    assert_eq!(stand(&resumed[..2], "2026-03-11 12:00").marks[0].at, None);
    let mark = stand(&resumed, "2026-03-12 15:00").marks[0];
    assert_eq!((mark.at, mark.reached, mark.to), (Some(at("2026-03-12 15:00")), true, Escalation::Holder));
}

#[test]
fn both_figures_are_measured() {
    let paid = [
        ("2026-03-02 09:00", Start),
        ("2026-03-03 09:00", Pause),
        ("2026-03-05 09:00", Resume),
        ("2026-03-05 21:00", Stop),
    ];
    let standing = stand(&paid, "2026-04-01 00:00");
    assert_eq!((standing.state, standing.ran_secs), (PromiseState::Stopped, 36 * 3_600));
    let door = door_to_door(at("2026-03-01 21:00"), at("2026-03-05 21:00"), Calendar::built_in());
    assert_eq!(door, DoorToDoor { secs: 4 * 86_400, working_days: 4 });
}

#[test]
fn rows_in_an_order_that_no_clock_has_are_an_error() {
    for (wrong, index) in [
        (&[("2026-03-02 09:00", Pause)][..], 0),
        (&[("2026-03-02 09:00", Start), ("2026-03-02 09:00", Start)], 1),
        (&[("2026-03-02 09:00", Start), ("2026-03-02 09:00", Resume)], 1),
        (&[("2026-03-02 09:00", Start), ("2026-03-02 09:00", Pause), ("2026-03-02 09:00", Pause)], 2),
        (&[("2026-03-02 09:00", Start), ("2026-03-02 09:00", Stop), ("2026-03-02 09:00", Stop)], 2),
        (&[("2026-03-02 09:00", Start), ("2026-03-02 09:00", Stop), ("2026-03-02 09:00", Resume)], 2),
    ] {
        let error = standing(&rows(wrong), Calendar::built_in(), at("2026-03-03 09:00")).unwrap_err();
        assert_eq!(error.index, index);
    }
    assert_eq!(standing(&[], Calendar::built_in(), at("2026-03-03 09:00")), Ok(None));
}

#[test]
fn every_event_has_a_word_of_its_own() {
    for event in ClockEvent::ALL {
        assert_eq!(ClockEvent::from_word(event.as_str()), Some(event));
    }
    assert_eq!(ClockEvent::from_word("halt"), None);
}
