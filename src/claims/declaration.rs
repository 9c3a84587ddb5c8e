//! What a member declares: a draft may be incomplete, a submission may not.

use serde::{Deserialize, Serialize};
use time::Date;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::app::App;
use crate::assessment::{ClaimFacts, DiagnosisClass, EventKind, Settlement};
use crate::http::{Code, Problem};
use crate::kernel::clock::iso_date;
use crate::kernel::seal::{Field, SealError};
use crate::kernel::text::Text;

/// The facts of one event in the member's words. Every field may be left out of a draft.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// What happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventKind>,
    /// The day it happened; of a stay the day of admission.
    #[serde(default, with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, max_length = 10, example = "2026-03-02")]
    #[validate(custom(function = "sensible_date"))]
    pub starts_on: Option<Date>,
    /// The last day; of a stay the day of discharge.
    #[serde(default, with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, max_length = 10, example = "2026-03-12")]
    #[validate(custom(function = "sensible_date"))]
    pub ends_on: Option<Date>,
    /// The hospital's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100, example = "样本市第一医院")]
    #[validate(length(min = 1, max = 100))]
    pub hospital_name: Option<String>,
    /// Its grade: 1 to 3, 0 for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 3, example = 3)]
    #[validate(range(min = 0, max = 3))]
    pub hospital_grade: Option<u8>,
    /// What kind of illness it is; `general` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnosis_class: Option<DiagnosisClass>,
    /// The diagnosis in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "肺炎")]
    #[validate(length(min = 1, max = 200))]
    pub diagnosis: Option<String>,
    /// 交易流水号 of the settlement sheet: the natural key of a stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 6, max_length = 40, pattern = "^[0-9A-Za-z]*$", example = "110100020260312000001")]
    #[validate(length(min = 6, max = 40), custom(function = "serial"))]
    pub settlement_serial: Option<String>,
    /// The settlements in the order of time; a stay within 90 days has one.
    #[serde(default)]
    #[schema(max_items = 12)]
    #[validate(length(max = 12))]
    pub settlements: Vec<Settlement>,
}

fn serial(text: &str) -> Result<(), ValidationError> {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(ValidationError::new("not_a_serial")
        .with_message("流水号只含数字和字母|A serial has digits and letters only".into()))
}

fn sensible_date(date: &Date) -> Result<(), ValidationError> {
    if (2000..=2100).contains(&date.year()) {
        return Ok(());
    }
    Err(ValidationError::new("out_of_range").with_message("请核对日期|Check the date".into()))
}

impl Declaration {
    /// The facts for the engine.
    ///
    /// # Errors
    /// `claim_incomplete` with a pointer to each field that is missing, or `validation_failed` to one that contradicts another.
    pub fn facts(&self, today: Date) -> Result<ClaimFacts, Problem> {
        let (Some(event), Some(starts_on), Some(ends_on)) = (self.event, self.starts_on, self.ends_on) else {
            return Err(self.missing());
        };
        if self.settlements.is_empty() && matches!(event, EventKind::HospitalStay | EventKind::OutpatientCosts) {
            return Err(self.missing());
        }
        let after_today = |pointer: &str| {
            Problem::new(Code::ValidationFailed).field(
                pointer,
                "in_the_future",
                Text::fixed("日期不能晚于今天", "The date can't be later than today"),
            )
        };
        if starts_on > today {
            return Err(after_today("/starts_on"));
        }
        if ends_on > today {
            return Err(after_today("/ends_on"));
        }
        let facts = ClaimFacts {
            event,
            starts_on,
            ends_on,
            hospital_grade: self.hospital_grade,
            diagnosis_class: self.diagnosis_class.unwrap_or(DiagnosisClass::General),
            settlements: self.settlements.clone(),
        };
        facts.check().map_err(|(pointer, trouble)| {
            Problem::new(Code::ValidationFailed).field(pointer, trouble, contradiction(trouble))
        })?;
        Ok(facts)
    }

    fn missing(&self) -> Problem {
        let fields = [
            ("/event", self.event.is_none(), Text::fixed("请选择发生了什么", "Say what happened")),
            ("/starts_on", self.starts_on.is_none(), Text::fixed("请填写入院（发生）日期", "Give the first day")),
            ("/ends_on", self.ends_on.is_none(), Text::fixed("请填写出院（结束）日期", "Give the last day")),
            (
                "/settlements",
                self.settlements.is_empty(),
                Text::fixed("请填写结算单上的自付一金额", "Give self-pay one from the settlement sheet"),
            ),
        ];
        let missing = fields.into_iter().filter(|(_, missing, _)| *missing);
        missing.fold(Problem::new(Code::ClaimIncomplete), |problem, (pointer, _, text)| {
            problem.field(pointer, "missing", text)
        })
    }

    /// Seals the declaration for its row.
    ///
    /// # Errors
    /// Those of the cipher.
    pub fn seal(&self, app: &App) -> Result<Vec<u8>, Problem> {
        Ok(app.sealer.seal(Field::ClaimFacts, serde_json::to_vec(self)?)?)
    }

    /// Opens the declaration of a row.
    ///
    /// # Errors
    /// When the row does not open: a matter for `huzhu verify`.
    pub fn open(app: &App, sealed: &[u8]) -> Result<Self, Problem> {
        let bytes = app.sealer.open_bytes(Field::ClaimFacts, sealed)?;
        serde_json::from_slice(bytes.reveal()).map_err(|_| Problem::from(SealError::Malformed))
    }

    /// The keyed hash of the event: one member, one kind, one first day.
    #[must_use]
    pub fn event_lookup(app: &App, member_id: Uuid, facts: &ClaimFacts) -> Vec<u8> {
        let key = format!("{member_id}|{}|{}", facts.event.as_str(), iso_date::text(facts.starts_on));
        app.sealer.lookup(Field::EventKey, key)
    }

    /// The keyed hash of the settlement's serial, across members.
    #[must_use]
    pub fn serial_lookup(&self, app: &App) -> Option<Vec<u8>> {
        self.settlement_serial.as_ref().map(|serial| app.sealer.lookup(Field::EventKey, format!("serial|{serial}")))
    }
}

fn contradiction(trouble: &str) -> Text {
    match trouble {
        "before_start" => Text::fixed("结束日期早于开始日期", "The last day is before the first"),
        "too_long" => Text::fixed("起止日期相隔过长，请核对", "The days lie too far apart; check them"),
        "outside_event" => Text::fixed(
            "结算起止日期应在住院期间内并按先后排列",
            "A settlement lies within the event and after the one before",
        ),
        "out_of_range" => Text::fixed("金额应为 0 到 1,000 万元", "The amount is 0 to 10 million yuan"),
        _ => Text::fixed("内容有误，请核对", "Check this field"),
    }
}
