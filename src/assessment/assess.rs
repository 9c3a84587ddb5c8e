//! The function from basis and plan terms to an assessment.

use std::borrow::Cow;

use time::{Date, Duration};

use super::facts::Basis;
use super::rules::{Benefit, Caps, PlanTerms, Rule};
use super::trace::{Assessment, Input, Line, LineKind, Quantity, Reason, Step};
use crate::kernel::clock::iso_date;
use crate::kernel::money::{Fen, MoneyError};
use crate::kernel::text::Text;

/// Version of the arithmetic. It rises when the same basis and rules would give another amount, and the older arithmetic stays for [`replay`].
pub const ENGINE: u16 = 1;

/// Why nothing could be computed at all. A claim that is not owed anything is no error: its lines say why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssessError {
    /// The facts contradict themselves: JSON pointer and word of [`super::ClaimFacts::check`].
    #[error("the facts contradict themselves at {pointer}: {trouble}")]
    BadFacts {
        /// Where.
        pointer: String,
        /// What.
        trouble: &'static str,
    },
    /// The cover has no share.
    #[error("an enrolment has at least one share")]
    NoShares,
    /// An amount does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The assessment was computed by an engine that this program does not know.
    #[error("engine {0} is not known to this program")]
    UnknownEngine(u16),
}

/// What `terms` owe for `basis`.
///
/// # Errors
/// [`AssessError`] for facts that contradict themselves or amounts that do not fit; never for a claim that is refused.
pub fn assess(basis: &Basis, terms: &PlanTerms) -> Result<Assessment, AssessError> {
    basis.facts.check().map_err(|(pointer, trouble)| AssessError::BadFacts { pointer, trouble })?;
    if basis.cover.shares == 0 {
        return Err(AssessError::NoShares);
    }
    let mut trace = Trace { terms, subtotal: Fen::ZERO, lines: Vec::new() };
    if let Some(step) = refuse_cover(basis, terms) {
        trace.add("cover".into(), step)?;
    } else {
        for rule in terms.rules.rules.iter().filter(|rule| rule.event == basis.facts.event) {
            for step in apply(rule, basis)? {
                trace.add(Cow::Owned(rule.id.clone()), step)?;
            }
        }
        trace.limit(basis)?;
    }
    Ok(Assessment {
        engine: ENGINE,
        plan_code: terms.plan_code.clone(),
        plan_version_id: terms.plan_version_id,
        enrolment_id: basis.cover.enrolment_id,
        amount_fen: trace.subtotal,
        lines: trace.lines,
    })
}

/// Computes a kept assessment again with the engine that computed it.
///
/// # Errors
/// [`AssessError::UnknownEngine`] for an engine newer than this program, else those of [`assess`].
pub fn replay(engine: u16, basis: &Basis, terms: &PlanTerms) -> Result<Assessment, AssessError> {
    match engine {
        ENGINE => assess(basis, terms),
        other => Err(AssessError::UnknownEngine(other)),
    }
}

fn apply(rule: &Rule, basis: &Basis) -> Result<Vec<Step>, MoneyError> {
    if let Some(step) = refuse_rule(rule, basis) {
        return Ok(vec![step]);
    }
    match &rule.benefit {
        Benefit::RatioOverDeductible(shape) => shape.apply(basis),
        Benefit::DailyAllowance(shape) => shape.apply(basis).map(|step| vec![step]),
    }
}

/// What refuses a claim before any rule is asked.
fn refuse_cover(basis: &Basis, terms: &PlanTerms) -> Option<Step> {
    let event = basis.facts.starts_on;
    let cover = &basis.cover;
    if outside(event, terms.starts_on, terms.ends_on) {
        return Some(outside_step(
            Reason::PlanEnded,
            event,
            (terms.starts_on, terms.ends_on),
            Text::fixed(
                "事故日期不在该计划版本的有效期内，不予给付。",
                "The plan version was not in force on the date of the event, so nothing is paid.",
            ),
        ));
    }
    if outside(event, cover.starts_on, cover.ends_on) {
        return Some(outside_step(
            Reason::NotInCover,
            event,
            (cover.starts_on, cover.ends_on),
            Text::fixed(
                "事故日期不在保障期内，不予给付。",
                "The date of the event is outside the term of cover, so nothing is paid.",
            ),
        ));
    }
    let waiting = if cover.renewal { 0 } else { terms.rules.waiting_days };
    let free_from = cover.starts_on.checked_add(Duration::days(i64::from(waiting))).unwrap_or(Date::MAX);
    if event < free_from {
        return Some(waiting_step(event, cover.starts_on, waiting, free_from));
    }
    if !terms.rules.rules.iter().any(|rule| rule.event == basis.facts.event) {
        return Some(Step::refuses(
            Reason::EventNotCovered,
            Vec::new(),
            String::new(),
            Text::fixed("该计划不保障此类事故。", "The plan pays nothing for this kind of event."),
        ));
    }
    None
}

fn outside(event: Date, first: Date, last: Option<Date>) -> bool {
    event < first || last.is_some_and(|last| event > last)
}

fn outside_step(reason: Reason, event: Date, (first, last): (Date, Option<Date>), sentence: Text) -> Step {
    let mut inputs = vec![
        Input::new("event_date", "事故日期", "date of the event", Quantity::Date(event)),
        Input::new("first_day", "开始日期", "first day", Quantity::Date(first)),
    ];
    let arithmetic = match last {
        Some(last) if event > last => format!("{} > {}", iso_date::text(event), iso_date::text(last)),
        _ => format!("{} < {}", iso_date::text(event), iso_date::text(first)),
    };
    inputs.extend(last.map(|last| Input::new("last_day", "结束日期", "last day", Quantity::Date(last))));
    Step::refuses(reason, inputs, arithmetic, sentence)
}

fn waiting_step(event: Date, first: Date, waiting: u32, free_from: Date) -> Step {
    Step::refuses(
        Reason::WaitingPeriod,
        vec![
            Input::new("event_date", "事故日期", "date of the event", Quantity::Date(event)),
            Input::new("first_day", "保障开始日期", "first day of cover", Quantity::Date(first)),
            Input::days("waiting_days", "等待期", "waiting period", waiting),
        ],
        format!("{} < {}", iso_date::text(event), iso_date::text(free_from)),
        Text::made(
            format!("事故发生在首次参保的{waiting}天等待期内，不予给付。"),
            format!("The event lies in the waiting period of {waiting} days of a first cover, so nothing is paid."),
        ),
    )
}

/// What refuses one rule before its arithmetic.
fn refuse_rule(rule: &Rule, basis: &Basis) -> Option<Step> {
    if rule.requires.excluded_diagnoses.contains(&basis.facts.diagnosis_class) {
        return Some(Step::refuses(
            Reason::ExcludedDiagnosis,
            Vec::new(),
            String::new(),
            Text::fixed(
                "该计划不保障此类疾病，不予给付。",
                "The plan excludes this kind of illness, so nothing is paid.",
            ),
        ));
    }
    let lowest = rule.requires.min_hospital_grade?;
    let lowest_input =
        Input::new("min_hospital_grade", "最低医院等级", "lowest hospital grade", Quantity::Count(lowest.into()));
    let Some(grade) = basis.facts.hospital_grade else {
        return Some(Step::refuses(
            Reason::FactMissing,
            vec![lowest_input],
            String::new(),
            Text::fixed(
                "尚未确认医院等级，暂无法核算。",
                "The grade of the hospital is not known, so nothing can be computed yet.",
            ),
        ));
    };
    (grade < lowest).then(|| {
        Step::refuses(
            Reason::HospitalGradeTooLow,
            vec![
                Input::new("hospital_grade", "医院等级", "hospital grade", Quantity::Count(grade.into())),
                lowest_input,
            ],
            format!("{grade} < {lowest}"),
            Text::made(
                format!("医院等级低于{lowest}级，不予给付。"),
                format!("The hospital is below grade {lowest}, so nothing is paid."),
            ),
        )
    })
}

struct Trace<'a> {
    terms: &'a PlanTerms,
    subtotal: Fen,
    lines: Vec<Line>,
}

impl Trace<'_> {
    fn add(&mut self, rule: Cow<'static, str>, step: Step) -> Result<(), MoneyError> {
        self.subtotal = self.subtotal.checked_add(step.adds)?;
        let kind = if step.reason.is_some() { LineKind::Refuses } else { LineKind::Pays };
        self.push(rule, kind, step);
        Ok(())
    }

    fn push(&mut self, rule: Cow<'static, str>, kind: LineKind, step: Step) {
        self.lines.push(Line {
            rule,
            plan_version_id: self.terms.plan_version_id,
            kind,
            reason: step.reason,
            inputs: step.inputs,
            arithmetic: step.arithmetic,
            sentence: step.sentence,
            subtotal_fen: self.subtotal,
        });
    }

    /// Holds the sum under each ceiling in turn.
    fn limit(&mut self, basis: &Basis) -> Result<(), MoneyError> {
        let Caps { event_fen, year_fen, term_fen, per_share } = self.terms.rules.caps;
        let before = &basis.before;
        let times = if per_share { i64::from(basis.cover.shares) } else { 1 };
        for (rule, zh, en, cap, used) in [
            ("cap.event", "单次给付上限", "ceiling for one event", event_fen, Fen::ZERO),
            ("cap.year", "年度给付上限", "ceiling for the year", year_fen, before.granted_in_year_fen),
            ("cap.term", "保障期给付上限", "ceiling for the term of cover", term_fen, before.granted_in_term_fen),
        ] {
            let Some(cap) = cap else { continue };
            let cap = cap.checked_times(times)?;
            let left = cap.checked_sub(used)?.max(Fen::ZERO);
            if self.subtotal <= left {
                continue;
            }
            let wanted = std::mem::replace(&mut self.subtotal, left);
            let step = Step {
                reason: Some(Reason::CapReached),
                inputs: vec![
                    Input::fen("wanted", "核算金额", "computed", wanted),
                    Input::fen("ceiling", zh, en, cap),
                    Input::fen("granted_before", "此前已给付", "granted before", used),
                ],
                arithmetic: format!("min({wanted}, {cap} − {used}) = {left}"),
                sentence: Text::made(
                    format!("{zh}{cap}元，此前已给付{used}元，本次最多给付{left}元。"),
                    format!(
                        "The {en} is {cap} yuan and {used} yuan were granted before, so at most {left} yuan are paid now."
                    ),
                ),
                adds: Fen::ZERO,
            };
            self.push(rule.into(), LineKind::Limits, step);
        }
        Ok(())
    }
}
