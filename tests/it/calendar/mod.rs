//! The calendar over HTTP and a list that is loaded later.

use huzhu::calendar::{self, YearList};
use reqwest::Method;

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
    let now = test.app.clock.now();
    assert!(calendar::load(test.app.db.write(), &list, now).await.unwrap());
    assert!(!calendar::load(test.app.db.write(), &list, now).await.unwrap());
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
    assert!(calendar::load(test.app.db.write(), &changed, now).await.unwrap());
    test.app.calendars.forget();
    let year = test.anonymous(Method::GET, "/v1/calendar/2027").send().await.ok(200);
    assert_eq!(year.text("/weekdays_off/2"), "2027-01-05");
    test.stop().await;
}
