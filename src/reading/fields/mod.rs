//! What the words on a form say: each label that is known, and the value beside it when it has the form that such a value has. Pure.
//!
//! A value stands behind its label on the same line, or in the nearest line to the right; words may also stand below. An amount never
//! does, and is never made of a part of what stands there.

mod equations;
mod forms;
mod labels;
mod papers;
mod rows;
mod squeezed;
mod words;

use serde::{Deserialize, Serialize};
use time::Date;
use utoipa::ToSchema;

use super::Line;
use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;
use forms::Form;
use labels::Standing;
use rows::Rows;
use squeezed::Squeezed;

pub use equations::{Equation, broken};
pub use papers::Paper;

/// What a value says of a paper. The words on the papers stand in [`papers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldName {
    /// 票据代码.
    BillCode,
    /// 票据号码.
    BillNumber,
    /// 校验码.
    CheckCode,
    /// The day of the bill or note.
    IssuedOn,
    /// The first day of the stay, or the day of the visit.
    StartsOn,
    /// The last day of the stay.
    EndsOn,
    /// 交易流水号 or 业务流水号.
    Serial,
    /// Whose paper it is.
    PatientName,
    /// 男 or 女.
    Gender,
    /// Years.
    Age,
    /// The hospital.
    HospitalName,
    /// 一级, 二级 or 三级.
    HospitalLevel,
    /// 科别.
    Department,
    /// What was found.
    Diagnosis,
    /// The whole amount.
    TotalFen,
    /// The whole amount in capital numerals.
    TotalInWords,
    /// 统筹基金支付.
    PooledFundFen,
    /// 大额互助资金支付.
    LargeSumFen,
    /// 其他支付.
    OtherPayFen,
    /// 个人账户支付.
    PersonalAccountFen,
    /// 个人现金支付.
    PersonalCashFen,
    /// 个人自付: both parts.
    PersonalPayFen,
    /// 自付一.
    SelfPayOneFen,
    /// 自付二.
    SelfPayTwoFen,
    /// 自费.
    OwnExpenseFen,
    /// 公民身份号码.
    NationalId,
    /// 出生.
    BornOn,
    /// 民族.
    Nation,
    /// 签发机关.
    IdIssuer,
    /// 有效期限, its beginning.
    ValidFrom,
    /// 有效期限, its end.
    ValidUntil,
}

/// A value by its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Value {
    /// Money.
    Amount {
        /// In fen.
        #[schema(example = 1_022_855)]
        amount_fen: Fen,
    },
    /// A day.
    Day {
        /// `YYYY-MM-DD`.
        #[serde(with = "iso_date")]
        #[schema(value_type = String, format = Date, example = "2026-10-20")]
        date: Date,
    },
    /// Anything else.
    Words {
        /// As it is read, without spaces.
        #[schema(max_length = 400, example = "11010126")]
        text: String,
    },
}

/// A field that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Which.
    pub name: FieldName,
    /// What it says.
    pub value: Value,
    /// The words as they stand there.
    pub printed: String,
    /// The corners of those words in pixels of the page, from where they begin, clockwise.
    pub corners: [[i32; 2]; 4],
    /// How sure the engine is of them, 0 to 100.
    pub confidence_percent: u8,
}

/// The fields of a page, at most one of a name: the one that stands highest. What the page says it is goes before what it `should_be`.
#[must_use]
pub fn read(should_be: Paper, lines: &[Line]) -> (Paper, Vec<Field>) {
    let page = Page { lines, squeezed: lines.iter().map(Squeezed::of).collect(), rows: Rows::of(lines) };
    let paper = Paper::of(&page.squeezed).unwrap_or(should_be);
    let mut fields = page.labelled(paper);
    if paper.is_headed_by_the_hospital() && fields.iter().all(|field| field.name != FieldName::HospitalName) {
        fields.extend(page.heading());
    }
    if paper == Paper::Bill && fields.iter().all(|field| field.name != FieldName::TotalInWords) {
        fields.extend(page.amount_in_words());
    }
    fields.sort_by_key(|field| (field.name, field.corners[0][1]));
    fields.dedup_by_key(|field| field.name);
    (paper, fields)
}

/// The lines of a page, and what is worked out of them once.
struct Page<'page> {
    lines: &'page [Line],
    squeezed: Vec<Squeezed>,
    rows: Rows,
}

/// Characters of a line that belong together.
type Span = (usize, std::ops::Range<usize>);

impl Page<'_> {
    fn labelled(&self, paper: Paper) -> Vec<Field> {
        let standing: Vec<Vec<Standing>> =
            self.squeezed.iter().map(|line| labels::standing(paper.labels(), &line.chars)).collect();
        let mut fields = Vec::new();
        for (line, found) in standing.iter().enumerate() {
            for (index, here) in found.iter().enumerate() {
                if here.label.fields.is_empty() {
                    continue;
                }
                let end = found.get(index + 1).map_or(self.chars(line).len(), |next| next.from);
                let own = (line, here.to..end);
                let is_last = index + 1 == found.len();
                fields.extend(self.value(here, own, is_last, &standing));
            }
        }
        fields
    }

    /// The fields of a label whose own line goes on with the characters of `own`.
    fn value(&self, here: &Standing, own: Span, is_last: bool, standing: &[Vec<Standing>]) -> Vec<Field> {
        let form = here.label.form;
        let mut spans = if own.1.is_empty() { Vec::new() } else { vec![own.clone()] };
        if let Some(fields) = self.fields(here, &spans) {
            return fields;
        }
        if !is_last {
            return Vec::new();
        }
        let is_free = |line: &usize| standing.get(*line).is_some_and(Vec::is_empty);
        let is_label = |line: usize| standing.get(line).is_some_and(|found| !found.is_empty());
        let is_mine = |line: &usize| self.rows.left_of(*line, is_label).is_none_or(|label| label == own.0);
        for next in self.rows.right_of(own.0).into_iter().take_while(|next| is_free(next) && is_mine(next)).take(2) {
            spans.push((next, 0..self.chars(next).len()));
            if let Some(fields) = self.fields(here, &spans) {
                return fields;
            }
        }
        if form == Form::Words
            && own.1.is_empty()
            && let Some(below) = self.rows.below(own.0).filter(is_free)
        {
            return self.fields(here, &[(below, 0..self.chars(below).len())]).unwrap_or_default();
        }
        Vec::new()
    }

    /// The fields that some spans say together; nothing when they have another form.
    fn fields(&self, here: &Standing, spans: &[Span]) -> Option<Vec<Field>> {
        let (first, last) = (spans.first()?, spans.last()?);
        let chars: Vec<char> =
            spans.iter().flat_map(|(line, range)| self.chars(*line).get(range.clone())).flatten().copied().collect();
        let values = forms::parse(here.label.form, &chars)?;
        let printed: Vec<String> = spans.iter().filter_map(|span| self.printed(span)).collect();
        let sure =
            spans.iter().filter_map(|(line, _)| self.lines.get(*line)).map(|line| line.confidence_percent).min()?;
        let [begin, _, _, begin_below] = self.corners(first)?;
        let [_, end, end_below, _] = self.corners(last)?;
        let field = |(name, value): (&FieldName, Value)| Field {
            name: *name,
            value,
            printed: printed.join(" "),
            corners: [begin, end, end_below, begin_below],
            confidence_percent: sure,
        };
        Some(here.label.fields.iter().zip(values).map(field).collect())
    }

    /// The line in the upper part of the page that is a hospital's name and nothing else.
    fn heading(&self) -> Option<Field> {
        let mut order: Vec<usize> = (0..self.lines.len()).collect();
        order.sort_by_key(|line| self.rows.top(*line));
        let is_name = |line: &usize| forms::is_hospital(&self.chars(*line).iter().collect::<String>());
        let line = order.into_iter().take(self.lines.len().div_ceil(3).max(4)).find(is_name)?;
        self.whole(line, FieldName::HospitalName, Value::Words { text: forms::as_printed(self.chars(line)) })
    }

    /// The line that is an amount in capital numerals; slips print it without a label.
    fn amount_in_words(&self) -> Option<Field> {
        (0..self.lines.len()).find_map(|line| {
            let value = forms::parse(Form::AmountInWords, self.chars(line))?.pop()?;
            self.whole(line, FieldName::TotalInWords, value)
        })
    }

    /// A field that is a whole line.
    fn whole(&self, line: usize, name: FieldName, value: Value) -> Option<Field> {
        let Line { text, confidence_percent, corners, .. } = self.lines.get(line)?.clone();
        Some(Field { name, value, printed: text, corners, confidence_percent })
    }

    fn chars(&self, line: usize) -> &[char] {
        self.squeezed.get(line).map_or(&[], |line| line.chars.as_slice())
    }

    /// The characters of the line itself that a span stands for, with what lies between them.
    fn printed(&self, (line, range): &Span) -> Option<String> {
        let (from, to) = self.in_line((*line, range))?;
        Some(self.lines.get(*line)?.text.chars().skip(from).take(to + 1 - from).collect())
    }

    /// The corners of a span: a part of its line.
    fn corners(&self, (line, range): &Span) -> Option<[[i32; 2]; 4]> {
        let found = self.lines.get(*line)?;
        let (from, to) = self.in_line((*line, range))?;
        let at = |char: usize| found.at_permille.get(char).copied();
        let begin = if from == 0 { 0 } else { at(from)? };
        let end = at(to + 1).unwrap_or(1_000);
        let [a, b, c, d] = found.corners;
        Some([between(a, b, begin), between(a, b, end), between(d, c, end), between(d, c, begin)])
    }

    /// The first and the last character of a span by their places in the line.
    fn in_line(&self, (line, range): (usize, &std::ops::Range<usize>)) -> Option<(usize, usize)> {
        let at = &self.squeezed.get(line)?.at;
        Some((*at.get(range.start)?, *at.get(range.end.checked_sub(1)?)?))
    }
}

/// The point a share of the way from one to another.
fn between([x, y]: [i32; 2], [u, v]: [i32; 2], permille: u16) -> [i32; 2] {
    let share = i32::from(permille);
    [x + (u - x) * share / 1_000, y + (v - y) * share / 1_000]
}
