//! What every plan owes for a claim: the engine asked once for each enrolment that may pay.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::before::before;
use super::rows::claim_plan;
use crate::app::App;
use crate::assessment::{self, Assessment, Basis, Benefit, ClaimFacts, PlanTerms};
use crate::http::{Code, Problem};
use crate::kernel::money::Fen;
use crate::kernel::seal::Field;
use crate::kernel::text::Text;
use crate::plans::{self, CoveredPlan};

/// What is kept of an assessment, so that it can be computed again years later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// What the engine was told.
    pub basis: Basis,
    /// The rules it used.
    pub terms: PlanTerms,
    /// What the plan is called.
    pub plan_name: Text,
    /// What it answered.
    pub assessment: Assessment,
}

/// One plan's assessment of one claim.
#[derive(Clone, Debug)]
pub struct PlanAssessment {
    /// The plan.
    pub plan: CoveredPlan,
    /// Basis, terms and trace.
    pub kept: Kept,
}

impl PlanAssessment {
    /// What is owed.
    #[must_use]
    pub const fn amount(&self) -> Fen {
        self.kept.assessment.amount_fen
    }

    /// Days of an allowance that it uses up.
    #[must_use]
    pub fn paid_days(&self) -> i64 {
        if !self.amount().is_positive() {
            return 0;
        }
        let rules = self.kept.terms.rules.rules.iter().filter(|rule| rule.event == self.kept.basis.facts.event);
        rules
            .map(|rule| match &rule.benefit {
                Benefit::DailyAllowance(shape) => i64::from(shape.paid_days(&self.kept.basis)),
                Benefit::RatioOverDeductible(_) => 0,
            })
            .sum()
    }

    /// True when `row` says the same: whatever a later claim counts of it stands in it.
    #[must_use]
    pub fn is_kept_by(&self, row: &claim_plan::Model) -> bool {
        row.plan_id == self.plan.plan_id
            && row.enrolment_id == self.plan.cover.enrolment_id
            && row.plan_version_id == self.plan.plan_version_id
            && row.assessed_fen == self.amount()
            && row.days == self.paid_days()
            && row.stays_before == i64::from(self.kept.basis.before.stays_in_year)
    }
}

/// Assesses `facts` under every enrolment of the member that may pay, after what the member's claims other than `claim_id` used up.
///
/// # Errors
/// `validation_failed` for facts that the engine refuses.
pub async fn all_plans(
    connection: &impl ConnectionTrait,
    app: &App,
    member_id: Uuid,
    claim_id: Uuid,
    facts: &ClaimFacts,
) -> Result<Vec<PlanAssessment>, Problem> {
    let plans = plans::that_may_pay(connection, &app.plan_documents, member_id, facts.event, facts.starts_on).await?;
    let others = claim_plan::Entity::find()
        .filter(claim_plan::Column::MemberId.eq(member_id))
        .filter(claim_plan::Column::Live.into_expr())
        .filter(claim_plan::Column::ClaimId.ne(claim_id))
        .all(connection)
        .await?;
    plans
        .into_iter()
        .map(|plan| {
            let before = before(&others, plan.plan_id, claim_id, &plan.cover, facts)?;
            let basis = Basis { facts: facts.clone(), cover: plan.cover.clone(), before };
            let terms = plan.terms();
            let assessment = assessment::assess(&basis, &terms).map_err(refused)?;
            let plan_name = plan.document.name.clone();
            Ok(PlanAssessment { plan, kept: Kept { basis, terms, plan_name, assessment } })
        })
        .collect()
}

fn refused(error: assessment::AssessError) -> Problem {
    match error {
        assessment::AssessError::BadFacts { pointer, trouble } => Problem::new(Code::ValidationFailed).field(
            pointer,
            trouble,
            Text::fixed("内容有误，请核对", "Check this field"),
        ),
        other => Problem::internal(other),
    }
}

/// `kept` as its row holds it: packed, because its sentences repeat themselves and a sealed value can't be packed any more, then sealed.
///
/// # Errors
/// Those of the cipher.
pub fn seal(app: &App, kept: &Kept) -> Result<Vec<u8>, Problem> {
    let mut packer = ZlibEncoder::new(Vec::with_capacity(1_024), Compression::fast());
    // In one piece: a packer that is given every comma by itself takes three times as long.
    packer.write_all(&serde_json::to_vec(kept)?).map_err(Problem::internal)?;
    Ok(app.sealer.seal(Field::ClaimFacts, packer.finish().map_err(Problem::internal)?)?)
}

/// The kept assessment of a row.
///
/// # Errors
/// When the row does not open.
pub fn open(app: &App, row: &claim_plan::Model) -> Result<Kept, Problem> {
    let bytes = app.sealer.open_bytes(Field::ClaimFacts, &row.assessment_sealed)?;
    let mut json = Vec::new();
    ZlibDecoder::new(bytes.reveal().as_slice()).read_to_end(&mut json).map_err(Problem::internal)?;
    Ok(serde_json::from_slice(&json)?)
}

/// The sum over all plans.
///
/// # Errors
/// When it does not fit.
pub fn total(assessments: &[PlanAssessment]) -> Result<Fen, Problem> {
    Ok(Fen::sum(assessments.iter().map(PlanAssessment::amount))?)
}
