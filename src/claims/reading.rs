//! `GET /v1/claims/{claim_id}/reading`: the form as the documents would fill it, and where they say something else than was typed.
//!
//! The settlement sheet goes before the bill, and both before what a doctor wrote. What was typed is never changed by this, and nothing is
//! decided by it: the member confirms the proposal by saving it.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use time::Date;
use utoipa::ToSchema;
use uuid::Uuid;

use super::declaration::Declaration;
use super::find;
use super::rows::claim;
use crate::app::App;
use crate::assessment::{EventKind, Settlement};
use crate::documents::DocumentKind;
use crate::documents::readings::{self, DocumentField, DocumentWarning, ReadDocument};
use crate::http::problem::ProblemBody;
use crate::http::{Answer, MemberCaller, Problem, Reply};
use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;
use crate::kernel::text::Text;
use crate::reading::fields::FieldName as F;

/// What the documents of a claim say.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ClaimReading {
    /// Documents that are still to be checked or read: ask again while there are any.
    #[schema(minimum = 0, maximum = 30, example = 0)]
    waiting_documents: usize,
    /// The declaration as the documents would fill it; what they do not say is left out.
    proposal: Declaration,
    /// Where each part of the proposal stands, so that it can be shown beside the picture.
    #[schema(max_items = 20)]
    sources: Vec<ProposedField>,
    /// Where the documents say something else than the declaration.
    #[schema(max_items = 20)]
    differences: Vec<Difference>,
    /// What does not agree on the documents themselves.
    #[schema(max_items = 500)]
    warnings: Vec<ReadingWarning>,
}

/// A part of the proposal.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ProposedField {
    /// Its name in the declaration.
    #[schema(max_length = 50, example = "settlement_serial")]
    name: &'static str,
    /// The document that says it.
    document_id: Uuid,
    /// What stands there.
    found: DocumentField,
}

/// A part of the declaration that the documents say differently.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Difference {
    /// Its name in the declaration.
    #[schema(max_length = 50, example = "self_pay_one_fen")]
    name: &'static str,
    /// What was typed.
    #[schema(max_length = 400, example = "8,000.00")]
    typed: String,
    /// What stands on the document.
    #[schema(max_length = 400, example = "8,800.00")]
    read: String,
    /// The document that says it.
    document_id: Uuid,
    /// The same in words.
    text: Text,
}

/// Something that does not agree on one document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReadingWarning {
    /// The document.
    document_id: Uuid,
    /// What it is.
    warning: DocumentWarning,
}

/// Show what the documents of a claim say
///
/// The form filled from the photographs: a proposal to confirm or correct, then saved with `PUT /v1/claims/{claim_id}/declaration`. Where
/// it differs from what was typed both are shown; nothing typed is overwritten. 根据材料识读结果预填申报表；与已填内容不一致之处并列显示，绝不覆盖。
#[utoipa::path(
    tag = "member",
    operation_id = "show_claim_reading",
    security(("bearer" = ["claim:read"])),
    params(("claim_id" = Uuid, Path, description = "The claim")),
    responses(
        (status = 200, body = ClaimReading),
        (status = 404, description = "No such claim of yours: `not_found`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/v1/claims/{claim_id}/reading")]
pub(super) async fn show_reading(app: web::Data<Arc<App>>, caller: MemberCaller, claim_id: web::Path<Uuid>) -> Answer {
    let claim = find::of_member(app.db.read(), &caller, *claim_id).await?;
    Ok(Reply::ok(&of(app.db.read(), &app, &claim).await?)?.into_response())
}

/// What the documents of a claim say.
///
/// # Errors
/// Those of the database, and a row that does not open.
pub(crate) async fn of(
    connection: &impl ConnectionTrait,
    app: &App,
    claim: &claim::Model,
) -> Result<ClaimReading, Problem> {
    let documents = readings::of_claim(connection, app, claim.id).await?;
    let typed = Declaration::open(app, &claim.declaration_sealed)?;
    Ok(reading(&documents, &typed))
}

fn reading(documents: &[ReadDocument], typed: &Declaration) -> ClaimReading {
    let mut form = Form { documents, sources: Vec::new() };
    let proposal = form.fill();
    let differences = form.sources.iter().filter_map(|source| difference(source, typed)).collect();
    let warning = |document: &ReadDocument| {
        let id = document.id;
        document.warnings.clone().into_iter().map(move |warning| ReadingWarning { document_id: id, warning })
    };
    ClaimReading {
        waiting_documents: documents.iter().filter(|document| document.waits).count(),
        proposal,
        differences,
        sources: form.sources,
        warnings: documents.iter().flat_map(warning).collect(),
    }
}

/// The form while it is filled.
struct Form<'documents> {
    documents: &'documents [ReadDocument],
    sources: Vec<ProposedField>,
}

const OF_MONEY: &[DocumentKind] = &[DocumentKind::SettlementSheet, DocumentKind::ChargeList, DocumentKind::Bill];
const OF_THE_STAY: &[DocumentKind] = &[
    DocumentKind::SettlementSheet,
    DocumentKind::ChargeList,
    DocumentKind::Bill,
    DocumentKind::DischargeSummary,
    DocumentKind::Diagnosis,
];
const OF_A_DOCTOR: &[DocumentKind] = &[DocumentKind::Diagnosis, DocumentKind::DischargeSummary];

impl<'documents> Form<'documents> {
    fn fill(&mut self) -> Declaration {
        let earliest = self.standing(F::StartsOn, OF_THE_STAY).into_iter().min_by_key(|standing| standing.found.date);
        let latest = self.standing(F::EndsOn, OF_THE_STAY).into_iter().max_by_key(|standing| standing.found.date);
        let (starts_on, last) = (self.day("starts_on", earliest), self.day("ends_on", latest));
        let event = match (starts_on, last) {
            (Some(_), Some(_)) => Some(EventKind::HospitalStay),
            (Some(_), None) => Some(EventKind::OutpatientCosts),
            (None, _) => None,
        };
        let ends_on = last.or(starts_on);
        Declaration {
            event,
            starts_on,
            ends_on,
            hospital_name: self.words("hospital_name", F::HospitalName, OF_THE_STAY),
            hospital_grade: self.first("hospital_grade", F::HospitalLevel, OF_THE_STAY).and_then(grade),
            diagnosis_class: None,
            diagnosis: self.words("diagnosis", F::Diagnosis, OF_A_DOCTOR),
            settlement_serial: self.words("settlement_serial", F::Serial, OF_MONEY),
            settlements: self.settlements(starts_on.zip(ends_on)),
        }
    }

    /// A settlement for each paper that says self-pay one, with its own days where it says them. Of two for the same days,
    /// as photographs of one paper are, the first.
    fn settlements(&mut self, stay: Option<(Date, Date)>) -> Vec<Settlement> {
        let mut settlements = Vec::new();
        for Standing { document, found } in self.standing(F::SelfPayOneFen, OF_MONEY) {
            let day = |field| document.fields.iter().find(|other| other.field == field).and_then(|other| other.date);
            let days = day(F::StartsOn).map(|first| (first, day(F::EndsOn).unwrap_or(first))).or(stay);
            let Some(((starts_on, ends_on), self_pay_one_fen)) = days.zip(found.amount_fen) else { continue };
            let overlaps = |other: &Settlement| other.starts_on <= ends_on && starts_on <= other.ends_on;
            if !settlements.iter().any(overlaps) {
                settlements.push(Settlement { starts_on, ends_on, self_pay_one_fen });
                self.remember("self_pay_one_fen", Standing { document, found });
            }
        }
        settlements
    }

    /// The field on every document of the kind that goes first among those that have it.
    fn standing(&self, field: F, kinds: &[DocumentKind]) -> Vec<Standing<'documents>> {
        let documents = self.documents;
        let of_kind = |kind: &DocumentKind| -> Vec<Standing<'documents>> {
            let of_document = |document: &'documents ReadDocument| {
                document
                    .fields
                    .iter()
                    .filter(|found| found.field == field)
                    .map(move |found| Standing { document, found })
            };
            documents.iter().filter(|document| document.kind == *kind).flat_map(of_document).collect()
        };
        kinds.iter().map(of_kind).find(|found| !found.is_empty()).unwrap_or_default()
    }

    fn remember(&mut self, name: &'static str, Standing { document, found }: Standing<'_>) {
        self.sources.push(ProposedField { name, document_id: document.id, found: found.clone() });
    }

    fn first(&mut self, name: &'static str, field: F, kinds: &[DocumentKind]) -> Option<&'documents DocumentField> {
        let standing = self.standing(field, kinds).into_iter().next()?;
        self.remember(name, standing);
        Some(standing.found)
    }

    fn day(&mut self, name: &'static str, standing: Option<Standing<'_>>) -> Option<Date> {
        self.remember(name, standing?);
        standing?.found.date
    }

    fn words(&mut self, name: &'static str, field: F, kinds: &[DocumentKind]) -> Option<String> {
        self.first(name, field, kinds)?.text.clone()
    }
}

/// A field and the document that says it.
#[derive(Clone, Copy)]
struct Standing<'documents> {
    document: &'documents ReadDocument,
    found: &'documents DocumentField,
}

fn grade(found: &DocumentField) -> Option<u8> {
    match found.text.as_deref()? {
        "一级" => Some(1),
        "二级" => Some(2),
        "三级" => Some(3),
        _ => None,
    }
}

/// What was typed where the documents say something else.
fn difference(source: &ProposedField, typed: &Declaration) -> Option<Difference> {
    let found = &source.found;
    let plain = |words: &str| words.chars().filter(|char| !char.is_whitespace()).collect::<String>().to_uppercase();
    let (was_typed, read, differs) = match source.name {
        "starts_on" | "ends_on" => {
            let day = if source.name == "starts_on" { typed.starts_on } else { typed.ends_on }?;
            (iso_date::text(day), iso_date::text(found.date?), Some(day) != found.date)
        }
        "self_pay_one_fen" => {
            let typed: Vec<Fen> = typed.settlements.iter().map(|settlement| settlement.self_pay_one_fen).collect();
            let read = found.amount_fen.filter(|_| !typed.is_empty())?;
            // Of several settlements each document tells of one.
            let all: Vec<String> = typed.iter().map(Fen::to_string).collect();
            (all.join(", "), read.to_string(), !typed.contains(&read))
        }
        "hospital_grade" => {
            let (typed, read) = (typed.hospital_grade?, grade(found)?);
            (typed.to_string(), read.to_string(), typed != read)
        }
        name => {
            let words = match name {
                "hospital_name" => typed.hospital_name.clone(),
                "diagnosis" => typed.diagnosis.clone(),
                _ => typed.settlement_serial.clone(),
            }?;
            let read = found.text.clone()?;
            let differs = plain(&words) != plain(&read);
            (words, read, differs)
        }
    };
    differs.then(|| Difference {
        name: source.name,
        document_id: source.document_id,
        text: Text::made(
            format!("填写为 {was_typed}，材料上是 {read}，请核对"),
            format!("Typed {was_typed}, the document says {read}: check which is right"),
        ),
        typed: was_typed,
        read,
    })
}
