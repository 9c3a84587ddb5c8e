//! What stands on a document, of its codes and its print together: a code has a check of its own and goes before print.

use std::collections::HashSet;

use serde::Serialize;
use time::Date;
use utoipa::ToSchema;

use super::pages::Pages;
use super::rows::{Model, ReadingState};
use crate::app::App;
use crate::documents::bill::{Bill, BillKind};
use crate::documents::pictures::{Letters, Place};
use crate::documents::rows::document;
use crate::documents::view::DocumentCode;
use crate::http::Problem;
use crate::kernel::clock::{Moment, iso_date};
use crate::kernel::money::Fen;
use crate::kernel::text::Text;
use crate::reading::fields::{self, Equation, Field, FieldName, Paper, Value};

/// Where a field was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldSource {
    /// In a QR code.
    Qr,
    /// In print.
    Ocr,
}

/// One thing that stands on a document: a proposal, not a fact. One of `amount_fen`, `date` and `text` is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DocumentField {
    /// Which.
    #[schema(example = "self_pay_one_fen")]
    pub field: FieldName,
    /// The amount, of a field that is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 800_000)]
    pub amount_fen: Option<Fen>,
    /// The day, of a field that is one.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, max_length = 10, example = "2026-10-20")]
    pub date: Option<Date>,
    /// The words, of any other.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 400, example = "北京青松桥样本医院")]
    pub text: Option<String>,
    /// As it is printed, or as the code says it.
    #[schema(max_length = 7_089, example = "8,000.00")]
    pub printed: String,
    /// Which page, counted from one.
    #[schema(minimum = 1, maximum = 30, example = 1)]
    pub page: u8,
    /// Where it stands on the page's reading copy.
    pub place: Place,
    /// How sure the reader is, 0 to 100; a code is read whole or not at all.
    #[schema(minimum = 0, maximum = 100, example = 99)]
    pub confidence_percent: u8,
    /// Whether a code or print says it.
    #[schema(example = "ocr")]
    pub source: FieldSource,
}

/// How far the print of a document is read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentReading {
    /// Where it stands.
    #[schema(example = "read")]
    pub state: ReadingState,
    /// Which engine reads.
    #[schema(max_length = 100, example = "pp-ocrv6-small")]
    pub engine: String,
    /// What the document says it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paper: Option<Paper>,
    /// When it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Moment>,
}

/// What should be looked at on a document; nothing is refused for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DocumentWarning {
    /// Stable: `total_is_not_who_paid`, `personal_pay_is_not_one_and_two`, `paid_is_not_owed`, `figures_are_not_words`,
    /// `code_differs_from_print`, `another_paper`.
    #[schema(max_length = 50, example = "total_is_not_who_paid")]
    pub code: &'static str,
    /// What does not agree and what to do.
    pub text: Text,
}

/// What a document shows of its reading.
#[derive(Clone, Debug, Default)]
pub(in crate::documents) struct Shown {
    pub(in crate::documents) reading: Option<DocumentReading>,
    pub(in crate::documents) letters: Letters,
    pub(in crate::documents) fields: Vec<DocumentField>,
    pub(in crate::documents) warnings: Vec<DocumentWarning>,
}

/// Shows what was read on a document.
///
/// # Errors
/// When the row does not open.
pub(in crate::documents) fn show(
    app: &App,
    document: &document::Model,
    codes: &[DocumentCode],
    row: Option<&Model>,
) -> Result<Shown, Problem> {
    let pages = match row {
        Some(row) => Pages::open(&app.sealer, row).map_err(Problem::internal)?,
        None => Pages::default(),
    };
    let mut fields: Vec<DocumentField> = codes.iter().flat_map(of_code).collect();
    let mut warnings = Vec::new();
    let is_of_code = fields.len();
    for page in &pages.0 {
        warnings.extend(fields::broken(&page.fields).into_iter().map(of_equation));
        for field in &page.fields {
            let found = of_print(page.page, field);
            match fields.iter().position(|other| other.field == found.field) {
                None => fields.push(found),
                Some(at) if at < is_of_code => {
                    if fields.get(at).is_some_and(|code| !says_the_same(code, &found)) {
                        warnings.push(of_code_and_print());
                    }
                }
                Some(_) => {}
            }
        }
    }
    let paper = pages.0.first().map(|page| page.paper);
    if paper.is_some_and(|paper| document.kind.paper() != Some(paper)) {
        warnings.push(of_paper());
    }
    // Several pages may have one fault.
    let mut told = HashSet::new();
    warnings.retain(|warning: &DocumentWarning| told.insert(warning.code));
    let reading =
        row.map(|row| DocumentReading { state: row.state, engine: row.engine.clone(), paper, read_at: row.read_at_ms });
    let waits = row.is_some_and(|row| row.state == ReadingState::Waiting);
    let letters = match pages.0.first().and_then(|first| Some((first.legibility?, &first.fields))) {
        _ if waits => Letters::Waiting,
        Some((print, fields)) => Letters::read(print, fields, !codes.is_empty()),
        None => Letters::Unread,
    };
    Ok(Shown { reading, letters, fields, warnings })
}

fn says_the_same(one: &DocumentField, other: &DocumentField) -> bool {
    let words = |field: &DocumentField| field.text.as_deref().map(str::to_ascii_lowercase);
    (one.amount_fen, one.date, words(one)) == (other.amount_fen, other.date, words(other))
}

/// What a code says of its bill, field by field. The amount of a tax invoice's code is without the tax, and no field of the paper.
fn of_code(code: &DocumentCode) -> Vec<DocumentField> {
    let Some(Bill { kind, code: bill_code, number, check_code, issued_on, amount_fen }) = &code.bill else {
        return Vec::new();
    };
    let field = |field, printed: String| DocumentField {
        field,
        amount_fen: None,
        date: None,
        text: None,
        printed,
        page: code.page,
        place: code.place,
        confidence_percent: 100,
        source: FieldSource::Qr,
    };
    let words = |name, text: &String| DocumentField { text: Some(text.clone()), ..field(name, text.clone()) };
    let day = DocumentField { date: Some(*issued_on), ..field(FieldName::IssuedOn, iso_date::text(*issued_on)) };
    let total = DocumentField { amount_fen: Some(*amount_fen), ..field(FieldName::TotalFen, amount_fen.to_string()) };
    let mut fields: Vec<DocumentField> = Vec::new();
    fields.extend(bill_code.as_ref().map(|text| words(FieldName::BillCode, text)));
    fields.push(words(FieldName::BillNumber, number));
    fields.extend(check_code.as_ref().map(|text| words(FieldName::CheckCode, text)));
    fields.push(day);
    fields.extend((*kind == BillKind::FiscalBill).then_some(total));
    fields
}

fn of_print(page: u8, field: &Field) -> DocumentField {
    let mut shown = DocumentField {
        field: field.name,
        amount_fen: None,
        date: None,
        text: None,
        printed: field.printed.clone(),
        page,
        place: around(field.corners),
        confidence_percent: field.confidence_percent,
        source: FieldSource::Ocr,
    };
    match &field.value {
        Value::Amount { amount_fen } => shown.amount_fen = Some(*amount_fen),
        Value::Day { date } => shown.date = Some(*date),
        Value::Words { text } => shown.text = Some(text.clone()),
    }
    shown
}

/// The upright rectangle around a field that may be tilted.
fn around(corners: [[i32; 2]; 4]) -> Place {
    let sides = |axis: fn(&[i32; 2]) -> i32| {
        let sides = corners.iter().map(axis);
        let (least, most) = (sides.clone().min().unwrap_or(0).max(0), sides.max().unwrap_or(0).max(0));
        (least.unsigned_abs(), most.abs_diff(least))
    };
    let ((left, width), (top, height)) = (sides(|[x, _]| *x), sides(|[_, y]| *y));
    Place { left, top, width, height }
}

fn of_equation(equation: Equation) -> DocumentWarning {
    let (code, zh, en) = match equation {
        Equation::TotalIsWhoPaid => (
            "total_is_not_who_paid",
            "金额合计与统筹支付、其他支付、个人账户和现金支付之和不一致，请核对",
            "The total is not what the fund, others, the account and cash paid together: check the amounts",
        ),
        Equation::PersonalPayIsOneAndTwo => (
            "personal_pay_is_not_one_and_two",
            "个人自付不等于自付一加自付二，请核对",
            "The personal payment is not self-pay one and two together: check the amounts",
        ),
        Equation::PaidByThePersonIsOwed => (
            "paid_is_not_owed",
            "个人账户与现金支付之和不等于自付与自费之和，请核对",
            "What account and cash paid is not self-pay and own expense together: check the amounts",
        ),
        Equation::FiguresAreWords => (
            "figures_are_not_words",
            "大写金额与小写金额不一致，请核对",
            "The amount in words is another than in figures: check the amounts",
        ),
    };
    DocumentWarning { code, text: Text::fixed(zh, en) }
}

fn of_code_and_print() -> DocumentWarning {
    DocumentWarning {
        code: "code_differs_from_print",
        text: Text::fixed(
            "二维码内容与票面文字不一致，请核对",
            "The code says something else than the print: check the bill",
        ),
    }
}

fn of_paper() -> DocumentWarning {
    DocumentWarning {
        code: "another_paper",
        text: Text::fixed(
            "这份材料看起来不是所选的类型，请核对",
            "This looks like another kind of document than was chosen: check it",
        ),
    }
}
