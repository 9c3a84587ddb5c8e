//! The verifier over HTTP: one question, one answer, as a gateway to the fiscal platform speaks it (docs/documents.md).
//!
//! `POST /v1/bill-checks` with the five parts; the answer repeats them and adds `result`: `true`, `false`, `not_found` or `limit_reached`.

use std::time::Duration as Wait;

use async_trait::async_trait;
use serde::Deserialize;
use time::{Date, Duration};

use super::bill::BillQuery;
use super::verifier::{BillVerifier, Reason, Verdict};
use crate::config::{BillChecks, BillChecksKind};
use crate::http_client::{Answer, HttpClient, Silence, Timeouts};
use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;
use crate::kernel::secret::Secret;

/// Largest answer that is read; a good one has some hundred bytes.
const ANSWER_LIMIT_BYTES: usize = 16 * 1024;
/// A bill of these last days that the platform does not know may still be on its way there. No public figure was found; a week is generous.
const UPLOAD_DAYS: i64 = 7;

/// A gateway at an address.
pub(super) struct Gateway {
    http: HttpClient,
    url: String,
    authorization: Option<Secret<String>>,
    believes_simulators: bool,
}

/// What a gateway answers. It may say more.
#[derive(Deserialize)]
struct Said {
    code: String,
    number: String,
    check_code: String,
    #[serde(with = "iso_date")]
    issued_on: Date,
    amount_fen: Fen,
    result: Word,
    /// Said by a platform that only plays one.
    #[serde(default)]
    simulated: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    True,
    False,
    NotFound,
    LimitReached,
}

impl Gateway {
    /// The gateway that `config` describes.
    ///
    /// # Errors
    /// When the HTTP client can't be built.
    pub(super) fn from_config(config: &BillChecks) -> anyhow::Result<Self> {
        let timeouts = Timeouts {
            connect: Wait::from_millis(config.connect_timeout_ms),
            answer: Wait::from_millis(config.answer_timeout_ms),
        };
        Ok(Self {
            http: HttpClient::new(timeouts)?.answers_of_at_most(ANSWER_LIMIT_BYTES),
            url: format!("{}/v1/bill-checks", config.url.trim_end_matches('/')),
            authorization: config.token.as_ref().map(|token| Secret::new(format!("Bearer {}", token.reveal()))),
            believes_simulators: config.kind == BillChecksKind::Simulator,
        })
    }
}

#[async_trait]
impl BillVerifier for Gateway {
    async fn verify(&self, query: &BillQuery, today: Date) -> Verdict {
        let Ok(body) = serde_json::to_vec(query) else { return Verdict::cannot(Reason::PlatformUnavailable) };
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(self.authorization.as_ref().map(|value| ("authorization", value.reveal().as_str())));
        match self.http.post(&self.url, &headers, body).await {
            Ok(answer) => judge(&answer, query, today, self.believes_simulators),
            Err(silence) => {
                let why = match silence {
                    Silence::NotConnected => "not_connected",
                    Silence::Lost(why) => why,
                };
                tracing::warn!(why, "bill_checks: no answer");
                Verdict::cannot(Reason::PlatformUnavailable)
            }
        }
    }
}

/// What an answer says of the bill that was asked about. Pure.
fn judge(answer: &Answer, query: &BillQuery, today: Date, believes_simulators: bool) -> Verdict {
    if answer.status != 200 {
        tracing::warn!(http.status = answer.status, "bill_checks: the gateway refuses");
        return Verdict::cannot(Reason::PlatformUnavailable);
    }
    let Ok(said) = serde_json::from_slice::<Said>(&answer.body) else {
        return Verdict::cannot(Reason::AnswerNotUnderstood);
    };
    let Said { code, number, check_code, issued_on, amount_fen, result, simulated } = said;
    let about = BillQuery { code, number, check_code, issued_on, amount_fen };
    if about != *query || (simulated && !believes_simulators) {
        return Verdict::cannot(Reason::AnswerNotUnderstood);
    }
    match result {
        Word::True => Verdict::True,
        Word::NotFound if query.issued_on >= today.saturating_sub(Duration::days(UPLOAD_DAYS)) => {
            Verdict::cannot(Reason::BillTooNew)
        }
        Word::False | Word::NotFound => Verdict::False,
        Word::LimitReached => Verdict::cannot(Reason::BudgetUsedUp),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use time::macros::date;

    use super::*;

    const TODAY: Date = date!(2026 - 03 - 16);

    fn query() -> BillQuery {
        BillQuery {
            code: "11010126".to_owned(),
            number: "0000420117".to_owned(),
            check_code: "hz7q2m".to_owned(),
            issued_on: date!(2026 - 03 - 02),
            amount_fen: Fen::new(3_599_135),
        }
    }

    fn answer(change: &Value) -> Answer {
        let mut body = serde_json::to_value(query()).unwrap();
        body["result"] = json!("true");
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        Answer { status: 200, body: body.to_string().into_bytes() }
    }

    fn judged(change: &Value) -> Verdict {
        judge(&answer(change), &query(), TODAY, false)
    }

    #[test]
    fn only_a_clear_word_about_this_very_bill_is_one() {
        let not_understood = Verdict::cannot(Reason::AnswerNotUnderstood);
        for (change, verdict) in [
            (json!({}), Verdict::True),
            (json!({"result": "false"}), Verdict::False),
            (json!({"result": "not_found"}), Verdict::False),
            (json!({"result": "limit_reached"}), Verdict::cannot(Reason::BudgetUsedUp)),
            (json!({"more": 1}), Verdict::True),
            (json!({"result": "FALSE"}), not_understood),
            (json!({"result": false}), not_understood),
            (json!({"result": null}), not_understood),
            (json!({"simulated": true}), not_understood),
            (json!({"simulated": true, "result": "false"}), not_understood),
        ] {
            assert_eq!(judged(&change), verdict, "{change}");
        }
        // Another bill's answer says nothing of this one, whichever part differs and whatever it says.
        for (name, other) in [
            ("code", json!("11010125")),
            ("number", json!("0000420118")),
            ("check_code", json!("HZ7Q2M")),
            ("issued_on", json!("2026-03-03")),
            ("amount_fen", json!(3_599_136)),
        ] {
            for result in ["true", "false", "not_found"] {
                assert_eq!(judged(&json!({name: other, "result": result})), not_understood, "{name} {result}");
            }
        }
    }

    #[test]
    fn a_status_or_a_body_that_is_no_answer_is_never_false() {
        let unavailable = Verdict::cannot(Reason::PlatformUnavailable);
        let good = answer(&json!({"result": "false"})).body;
        for status in [201, 204, 302, 400, 401, 404, 422, 429, 500, 503] {
            let answer = Answer { status, body: good.clone() };
            assert_eq!(judge(&answer, &query(), TODAY, false), unavailable, "{status}");
        }
        for body in ["", "false", "null", "[]", "{}", r#"{"result":"false"}"#, "<html>false</html>"] {
            let answer = Answer { status: 200, body: body.as_bytes().to_vec() };
            assert_eq!(judge(&answer, &query(), TODAY, false), Verdict::cannot(Reason::AnswerNotUnderstood), "{body}");
        }
    }

    #[test]
    fn a_bill_of_the_last_week_that_is_not_there_yet_is_not_false() {
        let found = |issued_on: Date| {
            let query = BillQuery { issued_on, ..query() };
            let day = iso_date::text(issued_on);
            judge(&answer(&json!({"issued_on": day, "result": "not_found"})), &query, TODAY, false)
        };
        assert_eq!(found(date!(2026 - 03 - 08)), Verdict::False);
        for day in [date!(2026 - 03 - 09), TODAY, date!(2026 - 04 - 01)] {
            assert_eq!(found(day), Verdict::cannot(Reason::BillTooNew), "{day}");
        }
        // A clear "false" stays one.
        let query = BillQuery { issued_on: TODAY, ..query() };
        let said = answer(&json!({"issued_on": iso_date::text(TODAY), "result": "false"}));
        assert_eq!(judge(&said, &query, TODAY, false), Verdict::False);
    }

    #[test]
    fn a_simulator_is_believed_only_where_one_is_configured() {
        assert_eq!(judge(&answer(&json!({"simulated": true})), &query(), TODAY, true), Verdict::True);
    }
}
