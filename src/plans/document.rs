//! The document of a plan version: its form on disk (TOML) and in the table (JSON), and what it may not say.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::Date;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::assessment::{PlanTerms, Rules};
use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;
use crate::kernel::text::Text;

/// The kinds of document that a plan can ask for.
const DOCUMENT_KINDS: [&str; 8] = [
    "bill",
    "settlement_sheet",
    "charge_list",
    "diagnosis",
    "discharge_summary",
    "id_card",
    "relationship_proof",
    "other",
];

/// One version of a plan: never edited, only superseded by a version that starts later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanDocument {
    /// Code of the plan: letters, digits and underscores.
    pub plan: String,
    /// Name of the version, unique within the plan.
    pub version: String,
    /// What the plan is called.
    pub name: Text,
    /// What it gives, for a member to read.
    pub summary: Text,
    /// How one takes part.
    pub funding: Funding,
    /// First event date that this version judges.
    #[serde(with = "iso_date")]
    pub starts_on: Date,
    /// Last event date that this version judges, when it is known.
    #[serde(default, with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    pub ends_on: Option<Date>,
    /// True when every number stands in a public source; a version that is not verified is a sample.
    pub verified: bool,
    /// Kinds of document that a claim must have.
    pub documents: Vec<String>,
    /// Where the numbers come from.
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
    /// Until when a claim may be filed.
    pub filing: Filing,
    /// What a claim must stay within to be decided without a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fast_lane: Option<FastLane>,
    /// The benefits.
    pub rules: Rules,
}

/// How one takes part in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Funding {
    /// Free with membership (普惠型).
    WithMembership,
    /// By shares that the unit's union pays for (会费型).
    ByShare,
}

impl Funding {
    /// The word of the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WithMembership => "with_membership",
            Self::ByShare => "by_share",
        }
    }
}

/// Where a number comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What it says, or what was not found.
    pub says: Text,
    /// Its address.
    #[schema(max_length = 500)]
    pub at: String,
}

/// Until when a claim may be filed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Filing {
    /// Calendar days after the first day of the event; the last of them still counts.
    #[schema(minimum = 1, maximum = 3660)]
    pub days_after_event: u32,
}

/// What a claim must stay within to be decided without a person, beside the checks that every claim passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FastLane {
    /// Filed within so many working days after the last day of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filed_within_working_days: Option<u32>,
    /// The longest stay in days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_stay_days: Option<u32>,
    /// The largest self-pay one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_pay_one_max_fen: Option<Fen>,
}

/// What is wrong with a document: file, key and a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {key}: {message}")]
pub struct DocumentError {
    /// The file, as named by the caller.
    pub file: String,
    /// The key, as a path.
    pub key: String,
    /// What is wrong there.
    pub message: String,
}

impl PlanDocument {
    /// Reads a document from TOML. `file` is only for the error.
    ///
    /// # Errors
    /// [`DocumentError`], which names the file and the key.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, DocumentError> {
        let wrong = |key: String, message: String| DocumentError { file: file.to_owned(), key, message };
        let reader = toml::Deserializer::parse(text).map_err(|e| wrong("-".to_owned(), e.message().to_owned()))?;
        let document: Self = serde_path_to_error::deserialize(reader)
            .map_err(|e| wrong(e.path().to_string(), e.inner().message().to_owned()))?;
        document.check().map_err(|(key, message)| wrong(key, message))?;
        Ok(document)
    }

    /// Reads a document from the JSON of the table, which was checked when it was loaded.
    ///
    /// # Errors
    /// When it is not what [`Self::to_json`] wrote.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The JSON of the table: always the same bytes for the same document.
    ///
    /// # Errors
    /// Never for a document that was read.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// SHA-256 of the JSON of the table.
    #[must_use]
    pub fn sha256(json: &str) -> [u8; 32] {
        Sha256::digest(json.as_bytes()).into()
    }

    /// The terms for the engine.
    #[must_use]
    pub fn terms(&self, plan_version_id: Uuid) -> PlanTerms {
        PlanTerms {
            plan_version_id,
            plan_code: self.plan.clone(),
            starts_on: self.starts_on,
            ends_on: self.ends_on,
            rules: self.rules.clone(),
        }
    }

    fn check(&self) -> Result<(), (String, String)> {
        let wrong = |key: &str, message: &str| Err((key.to_owned(), message.to_owned()));
        if !is_code(&self.plan) {
            return wrong("plan", "is 1 to 64 lower-case letters, digits and underscores");
        }
        if self.version.is_empty() || self.version.chars().count() > 32 {
            return wrong("version", "has 1 to 32 characters");
        }
        if self.ends_on.is_some_and(|ends_on| ends_on < self.starts_on) {
            return wrong("ends_on", "is before starts_on");
        }
        if self.sources.is_empty() {
            return wrong("source", "a version says where its numbers come from");
        }
        if !(1..=3_660).contains(&self.filing.days_after_event) {
            return wrong("filing.days_after_event", "is not 1 to 3,660");
        }
        if let Some(index) = self.documents.iter().position(|kind| !DOCUMENT_KINDS.contains(&kind.as_str())) {
            return wrong(&format!("documents[{index}]"), &format!("is none of {}", DOCUMENT_KINDS.join(", ")));
        }
        self.rules.check().map_err(|(key, message)| (format!("rules.{key}"), message))
    }
}

/// True for a code of a plan.
#[must_use]
pub fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = include_str!("data/second_reimbursement_2017.toml");

    fn refusal(text: &str) -> String {
        PlanDocument::from_toml("plan.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn a_document_keeps_its_bytes_through_the_table() {
        let document = PlanDocument::from_toml("plan.toml", GOOD).unwrap();
        let json = document.to_json().unwrap();
        let again = PlanDocument::from_json(&json).unwrap();
        assert_eq!(again, document);
        assert_eq!(again.to_json().unwrap(), json);
    }

    #[test]
    fn an_error_names_the_file_and_the_key() {
        for (from, to, says) in [
            ("verified = true", "verified = \"yes\"", "plan.toml: verified: "),
            ("verified = true", "verified = true\nfee = 3", "unknown field `fee`"),
            (
                "deductible_fen = 130_000",
                "deductible = 130_000",
                "rules.rule[0].benefit.ratio_over_deductible.tiers[0]",
            ),
            (
                "deductible_fen = 130_000",
                "deductible_fen = 1300.5",
                "rules.rule[0].benefit.ratio_over_deductible.tiers[0].deductible_fen",
            ),
            (
                "from_stay = 1",
                "from_stay = 3",
                "rules.rule[0].benefit.ratio_over_deductible.tiers: the first tier is from stay 1",
            ),
            ("event = \"hospital_stay\"", "event = \"stay\"", "rules.rule[0].event"),
            ("starts_on = \"2017-01-01\"", "starts_on = \"2017-02-30\"", "starts_on: a date is written YYYY-MM-DD"),
            (
                "starts_on = \"2017-01-01\"",
                "starts_on = \"2017-01-01\"\nends_on = \"2016-01-01\"",
                "ends_on: is before starts_on",
            ),
            ("plan = \"second_reimbursement\"", "plan = \"Second\"", "plan.toml: plan: "),
            ("\"id_card\"]", "\"passport\"]", "documents[1]: is none of bill"),
            ("days_after_event = 730", "days_after_event = 0", "filing.days_after_event"),
            ("year_fen = 20_065_300", "year_fen = 0", "rules.caps.year_fen"),
        ] {
            let refusal = refusal(&GOOD.replace(from, to));
            assert!(refusal.contains(says), "{refusal} lacks {says}");
        }
        assert!(refusal("plan = ").starts_with("plan.toml: -: "));
    }
}
