//! `GET /v1/calendar/{year}`: the working days that promises are counted in, for anybody to read.

use std::sync::Arc;

use actix_web::{get, web};
use serde::Serialize;
use time::Date;
use utoipa::ToSchema;

use super::days::YearStatus;
use super::year::{Holiday, dates};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, Problem, Reply};

/// The first year with a list, and the last that is shown.
const YEARS: std::ops::RangeInclusive<i32> = 2004..=2100;

/// The days of a year that are unlike the week.
#[derive(Serialize, ToSchema)]
struct CalendarView {
    /// The year.
    #[schema(minimum = 2004, maximum = 2100, example = 2026)]
    year: i32,
    /// Whether the State Council's list is known; a provisional year may change.
    status: YearStatus,
    /// Title of the notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    notice: Option<String>,
    /// Where the notice can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    source: Option<String>,
    /// The holidays as the notice lists them; empty for a provisional year.
    #[schema(max_items = 20)]
    holidays: Vec<Holiday>,
    /// Days from Monday to Friday on which nobody works.
    #[serde(with = "dates")]
    #[schema(value_type = Vec<String>, max_items = 60, example = json!(["2026-01-01", "2026-01-02"]))]
    weekdays_off: Vec<Date>,
    /// Saturdays and Sundays that are worked.
    #[serde(with = "dates")]
    #[schema(value_type = Vec<String>, max_items = 60, example = json!(["2026-01-04"]))]
    weekend_days_worked: Vec<Date>,
    /// Working days of the year.
    #[schema(minimum = 200, maximum = 300, example = 248)]
    working_days: usize,
}

/// Show the working days of a year
///
/// Days off and make-up working days by the State Council's list; a year whose list is not loaded is provisional. 查看某年的工作日安排。
#[utoipa::path(
    tag = "public",
    operation_id = "show_calendar",
    security(()),
    params(("year" = i32, Path, description = "The year", minimum = 2004, maximum = 2100, example = 2026)),
    responses(
        (status = 200, description = "The year", body = CalendarView),
        (status = 404, description = "There is no calendar for this year", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/v1/calendar/{year}")]
pub(super) async fn show_calendar(app: web::Data<Arc<App>>, year: web::Path<i32>) -> Answer {
    let year = year.into_inner();
    if !YEARS.contains(&year) {
        return Err(Problem::new(Code::NotFound));
    }
    let calendar = app.calendars.current(app.db.read(), app.clock.now()).await?;
    let list = calendar.list(year);
    let view = CalendarView {
        year,
        status: calendar.status(year),
        notice: list.map(|list| list.notice.clone()),
        source: list.map(|list| list.source.clone()),
        holidays: list.map(|list| list.holidays.clone()).unwrap_or_default(),
        weekdays_off: calendar.weekdays_off(year),
        weekend_days_worked: calendar.weekend_days_worked(year),
        working_days: calendar.working_days(year).count(),
    };
    Ok(Reply::ok(&view)?.into_response())
}
