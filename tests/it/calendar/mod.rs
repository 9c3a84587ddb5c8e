//! The calendar over HTTP and a list that is loaded later.

use huzhu::calendar::{self, YearList};
use reqwest::Method;

use crate::claims::{stay, submitted};
use crate::support::TestApp;

const LIST_2027: &str = r#"
year = 2027
notice = "a list made for this test"
source = "tests"

[[holiday]]
name = { zh = "元旦", en = "New Year's Day" }
first = "2027-01-01"
last = "2027-01-04"
working = ["2026-12-27"]
"#;

#[actix_web::test]
async fn a_published_year_shows_its_notice_and_its_unusual_days() {
    let test = TestApp::start().await;
    let year = test.anonymous(Method::GET, "/v1/calendar/2026").send().await.ok(200);
    assert_eq!((year.text("/status"), year.text("/working_days")), ("published".into(), "248".into()));
    assert_eq!(year.text("/holidays/1/working/0"), "2026-02-14");
    assert!(year.body["weekend_days_worked"].as_array().unwrap().contains(&"2026-10-10".into()));
    assert!(year.body["weekdays_off"].as_array().unwrap().contains(&"2026-02-16".into()));
    // 31 December 2005 is a Saturday that the notice for 2006 has worked.
    let year = test.anonymous(Method::GET, "/v1/calendar/2005").send().await.ok(200);
    assert!(year.body["weekend_days_worked"].as_array().unwrap().contains(&"2005-12-31".into()));
    for path in ["/v1/calendar/1999", "/v1/calendar/2101", "/v1/calendar/next", "/v1/calendar/99999999999"] {
        test.anonymous(Method::GET, path).send().await.refused(404, "not_found");
    }
    test.stop().await;
}

#[actix_web::test]
async fn a_year_is_provisional_until_its_list_is_loaded() {
    let test = TestApp::start().await;
    let year = test.anonymous(Method::GET, "/v1/calendar/2027").send().await.ok(200);
    assert_eq!(year.text("/status"), "provisional");
    assert!(year.body["weekdays_off"].as_array().unwrap().contains(&"2027-02-05".into()));

    let list = YearList::parse("2027.toml", LIST_2027).unwrap();
    assert!(calendar::load(test.app.db.write(), &test.app, &list).await.unwrap());
    assert!(!calendar::load(test.app.db.write(), &test.app, &list).await.unwrap());
    // Another process sees it within a minute, this one at once when told.
    assert_eq!(test.anonymous(Method::GET, "/v1/calendar/2027").send().await.ok(200).text("/status"), "provisional");
    test.clock.advance_secs(60);
    let year = test.anonymous(Method::GET, "/v1/calendar/2027").send().await.ok(200);
    assert_eq!((year.text("/status"), year.text("/weekdays_off/1")), ("published".into(), "2027-01-04".into()));
    let year = test.anonymous(Method::GET, "/v1/calendar/2026").send().await.ok(200);
    assert!(year.body["weekend_days_worked"].as_array().unwrap().contains(&"2026-12-27".into()));

    // The notice is changed later in the year.
    let mut changed = list;
    changed.holidays[0].last = time::macros::date!(2027 - 01 - 05);
    assert!(calendar::load(test.app.db.write(), &test.app, &changed).await.unwrap());
    test.app.calendars.forget();
    let year = test.anonymous(Method::GET, "/v1/calendar/2027").send().await.ok(200);
    assert_eq!(year.text("/weekdays_off/2"), "2027-01-05");
    test.stop().await;
}

#[actix_web::test]
async fn what_another_process_promised_by_the_list_before_is_computed_anew() {
    let test = TestApp::start().await;
    let due = async || test.get(&test.city.reviewer, "/v1/reviews").await.ok(200).text("/items/0/due_on");
    // The service has just read its lists; then the notice of the year is changed by the command line.
    let year = test.anonymous(Method::GET, "/v1/calendar/2026").send().await.ok(200);
    let mut list: YearList = serde_json::from_value(serde_json::json!({
        "year": 2026, "notice": "a list made for this test", "source": "tests", "holiday": year.body["holidays"],
    }))
    .unwrap();
    let mut holiday = list.holidays[0].clone();
    holiday.first = time::macros::date!(2026 - 03 - 23);
    holiday.last = time::macros::date!(2026 - 03 - 24);
    holiday.working = Vec::new();
    list.holidays.insert(2, holiday);
    let txn = test.app.db.begin().await.unwrap();
    assert!(calendar::load(&txn, &test.app, &list).await.unwrap());
    txn.commit().await.unwrap();
    submitted(&test, &test.city.member, &stay(&test)).await.1.ok(200);
    assert_eq!(due().await, "2026-03-30", "this process follows within a minute");
    test.clock.advance_secs(119);
    test.run_jobs().await;
    assert_eq!(due().await, "2026-03-30");
    test.clock.advance_secs(1);
    test.run_jobs().await;
    assert_eq!(due().await, "2026-04-01");
    test.stop().await;
}
