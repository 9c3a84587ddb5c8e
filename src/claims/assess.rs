//! What every plan owes for a claim: the engine asked once for each enrolment that may pay.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::rows::claim_plan;
use crate::app::App;
use crate::assessment::{self, Assessment, Basis, Before, ClaimFacts, Cover, PlanTerms};
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
}

/// Assesses `facts` under every enrolment of the member that may pay. `claim_id` is left out of what came before.
///
/// # Errors
/// `validation_failed` for facts that the engine refuses.
pub async fn all_plans(
    connection: &impl ConnectionTrait,
    member_id: Uuid,
    claim_id: Uuid,
    facts: &ClaimFacts,
) -> Result<Vec<PlanAssessment>, Problem> {
    let plans = plans::that_may_pay(connection, member_id, facts.event, facts.starts_on).await?;
    let earlier = claim_plan::Entity::find()
        .filter(claim_plan::Column::MemberId.eq(member_id))
        .filter(claim_plan::Column::Live.eq(true))
        .filter(claim_plan::Column::ClaimId.ne(claim_id))
        .all(connection)
        .await?;
    plans
        .into_iter()
        .map(|plan| {
            let before = before(&earlier, plan.plan_id, &plan.cover, facts)?;
            let basis = Basis { facts: facts.clone(), cover: plan.cover.clone(), before };
            let terms = plan.terms();
            let assessment = assessment::assess(&basis, &terms).map_err(refused)?;
            let plan_name = plan.document.name.clone();
            Ok(PlanAssessment { plan, kept: Kept { basis, terms, plan_name, assessment } })
        })
        .collect()
}

/// What this plan granted the member before: claims whose event lies in the same year, or in the same term of cover.
fn before(earlier: &[claim_plan::Model], plan_id: Uuid, cover: &Cover, facts: &ClaimFacts) -> Result<Before, Problem> {
    let mut before = Before::default();
    for row in earlier.iter().filter(|row| row.plan_id == plan_id && row.event_on <= facts.starts_on) {
        let granted = row.granted_fen.unwrap_or(row.assessed_fen);
        if row.event_on.year() == facts.starts_on.year() {
            before.stays_in_year += u32::try_from(row.stays).map_err(Problem::internal)?;
            before.granted_in_year_fen = before.granted_in_year_fen.checked_add(granted)?;
        }
        if row.event_on >= cover.starts_on {
            before.days_in_term += u32::try_from(row.days).map_err(Problem::internal)?;
            before.granted_in_term_fen = before.granted_in_term_fen.checked_add(granted)?;
        }
    }
    Ok(before)
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

/// The kept assessment of a row.
///
/// # Errors
/// When the row does not open.
pub fn open(app: &App, row: &claim_plan::Model) -> Result<Kept, Problem> {
    let bytes = app.sealer.open_bytes(Field::ClaimFacts, &row.assessment_sealed)?;
    Ok(serde_json::from_slice(bytes.reveal())?)
}

/// The sum over all plans.
///
/// # Errors
/// When it does not fit.
pub fn total(assessments: &[PlanAssessment]) -> Result<Fen, Problem> {
    Ok(Fen::sum(assessments.iter().map(PlanAssessment::amount))?)
}
