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

/// The words that a field of this name says, when there is one that does.
#[must_use]
pub fn words_of(fields: &[Field], name: FieldName) -> Option<&str> {
    match value_of(fields, name)? {
        Value::Words { text } => Some(text),
        Value::Amount { .. } | Value::Day { .. } => None,
    }
}

/// The amount that a field of this name says, when there is one that does.
#[must_use]
pub fn amount_of(fields: &[Field], name: FieldName) -> Option<Fen> {
    match value_of(fields, name)? {
        Value::Amount { amount_fen } => Some(*amount_fen),
        Value::Day { .. } | Value::Words { .. } => None,
    }
}

/// The day that a field of this name says, when there is one that does.
#[must_use]
pub fn day_of(fields: &[Field], name: FieldName) -> Option<Date> {
    match value_of(fields, name)? {
        Value::Day { date } => Some(*date),
        Value::Amount { .. } | Value::Words { .. } => None,
    }
}

fn value_of(fields: &[Field], name: FieldName) -> Option<&Value> {
    fields.iter().find(|field| field.name == name).map(|field| &field.value)
}

/// The fields of a page, at most one of a name: the one that stands highest. What the page says it is goes before what it `should_be`.
#[must_use]
pub fn read(should_be: Paper, lines: &[Line]) -> (Paper, Vec<Field>) {
    let page = Page { lines, squeezed: lines.iter().map(Squeezed::of).collect(), rows: Rows::of(lines) };
    let paper = Paper::of(&page.squeezed).unwrap_or(should_be);
    let (mut fields, halves) = page.labelled(paper);
    fields.extend(equations::completing(&fields, halves));
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
    /// The fields of the labels, and those of labels that may be one half of a longer one.
    fn labelled(&self, paper: Paper) -> (Vec<Field>, Vec<Field>) {
        let standing: Vec<Vec<Standing>> =
            self.squeezed.iter().map(|line| labels::standing(paper.labels(), &line.chars)).collect();
        let (mut fields, mut halves) = (Vec::new(), Vec::new());
        for (line, found) in standing.iter().enumerate() {
            for (index, here) in found.iter().enumerate() {
                if here.label.fields.is_empty() {
                    continue;
                }
                let end = found.get(index + 1).map_or(self.chars(line).len(), |next| next.from);
                let own = (line, here.to..end);
                let is_last = index + 1 == found.len();
                let of = if here.label.is_half { &mut halves } else { &mut fields };
                of.extend(self.value(here, own, is_last, &standing));
            }
        }
        (fields, halves)
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
        let labels = |line: usize| standing.get(line).map_or(&[][..], Vec::as_slice);
        let is_mine = |line: usize| {
            let label = self.rows.left_of(line, |other| !labels(other).is_empty());
            label.is_none_or(|label| label == own.0)
        };
        for next in self.rows.right_of(own.0).into_iter().take_while(|next| is_mine(*next)).take(2) {
            // What stands before the next label is still of this one.
            let end = labels(next).first().map_or(self.chars(next).len(), |other| other.from);
            if end == 0 {
                break;
            }
            spans.push((next, 0..end));
            if let Some(fields) = self.fields(here, &spans) {
                return fields;
            }
            if !labels(next).is_empty() {
                break;
            }
        }
        if form == Form::Words
            && own.1.is_empty()
            && let Some(below) = self.rows.below(own.0).filter(|below| labels(*below).is_empty())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of characters 20 pixels wide and high.
    fn line(text: &str, left: i32, top: i32) -> Line {
        let count = i32::try_from(text.chars().count()).unwrap();
        let (right, below) = (left + 20 * count, top + 20);
        Line {
            text: text.to_owned(),
            confidence_percent: 98,
            corners: [[left, top], [right, top], [right, below], [left, below]],
            at_permille: (0..count).map(|char| u16::try_from(char * 1_000 / count).unwrap()).collect(),
        }
    }

    /// The fields of a settlement sheet by their names, amounts in fen.
    fn read_sheet(lines: &[Line]) -> Vec<(FieldName, String)> {
        let (_, fields) = read(Paper::SettlementSheet, lines);
        let told = fields.into_iter().map(|field| match field.value {
            Value::Amount { amount_fen } => (field.name, amount_fen.get().to_string()),
            Value::Day { date } => (field.name, iso_date::text(date)),
            Value::Words { text } => (field.name, text),
        });
        told.collect()
    }

    #[test]
    fn a_value_stands_behind_its_label_or_to_the_right_of_it() {
        let lines = [line("姓名：王 芳", 0, 0), line("自付一", 0, 40), line("1,200.00", 300, 43), line("年龄", 0, 80)];
        let expected = [(FieldName::PatientName, "王芳".to_owned()), (FieldName::SelfPayOneFen, "120000".to_owned())];
        assert_eq!(read_sheet(&lines), expected);
    }

    #[test]
    fn what_stands_before_the_next_label_of_a_line_is_still_of_the_last_one() {
        let lines = [
            line("自费", 0, 0),
            line("516.13 个人账户支付", 200, 2),
            line("0.00自付一", 700, 4),
            line("20.00", 1_000, 4),
        ];
        let expected = [
            (FieldName::PersonalAccountFen, "0"),
            (FieldName::SelfPayOneFen, "2000"),
            (FieldName::OwnExpenseFen, "51613"),
        ];
        let mut expected = expected.map(|(name, text)| (name, text.to_owned()));
        expected.sort();
        assert_eq!(read_sheet(&lines), expected);
    }

    #[test]
    fn an_amount_never_stands_below_its_label_and_never_is_a_part() {
        assert_eq!(read_sheet(&[line("自付一", 0, 0), line("20.00", 0, 25)]), []);
        assert_eq!(read_sheet(&[line("自付一", 0, 0), line("1,20", 200, 0), line("0.00章", 300, 0)]), []);
    }

    #[test]
    fn a_label_whose_end_is_hidden_counts_when_the_sums_ask_for_it() {
        let sheet = |cash: &str| {
            [
                line("自付", 0, 0),
                line("20.00", 200, 0),
                line("自付二：3.00", 0, 40),
                line("自费：1.00", 0, 80),
                line("个人账户支付：4.00", 0, 120),
                line(&format!("个人现金支付：{cash}"), 0, 160),
            ]
        };
        assert!(read_sheet(&sheet("20.00")).contains(&(FieldName::SelfPayOneFen, "2000".to_owned())));
        assert!(read_sheet(&sheet("20.01")).iter().all(|(name, _)| *name != FieldName::SelfPayOneFen));
    }

    #[test]
    fn a_hospital_is_named_to_its_end() {
        let name = |text: &str| read_sheet(&[line(text, 0, 0)]).pop().map(|(_, text)| text);
        assert_eq!(name("定点医疗机构：永泰里卫生服务中心（示例").as_deref(), Some("永泰里卫生服务中心（示例）"));
        assert_eq!(name("定点医疗机构：北京永泰里卫生服务中"), None);
    }

    #[test]
    fn a_field_has_the_corners_of_its_own_words() {
        let (_, fields) = read(Paper::SettlementSheet, &[line("自付一：200.00", 100, 40)]);
        assert_eq!(fields[0].corners, [[180, 40], [300, 40], [300, 60], [180, 60]]);
        assert_eq!(fields[0].printed, "200.00");
    }
}
