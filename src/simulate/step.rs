//! What can happen to the played service, one step at a time, and the plans that are drawn from a seed.

use sea_orm::Iterable;

use super::image::MEMBERS;
use super::network::{OnAsking, OnSending};
use super::world::{Bomb, Lying};
use crate::bank_sim::faults::Fault;
use crate::kernel::chance::{Chance, SeededChance};

/// One thing that happens. Numbers choose among what is there when it happens, so that a step means something in any trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A claim of a member is decided: so much under one plan, and under another.
    Grant { member: usize, fen: [i64; 2] },
    /// The last decision is handed to payouts once more.
    GrantAgain,
    /// A maker prepares a batch of at most so many orders.
    Prepare { maker: usize, max: usize },
    /// A checker releases a batch that waits.
    Release { nth: usize, checker: usize },
    /// The maker of a batch releases it.
    ReleaseOwn { nth: usize },
    /// A checker signs another hash than that of the batch.
    ReleaseOther { nth: usize },
    /// A batch is given up.
    Void { nth: usize },
    /// A maker starts a run of at most so many batches of all that waits.
    StartRun { maker: usize, batches: usize },
    /// A checker releases a run that waits.
    ReleaseRun { nth: usize, checker: usize },
    /// The maker of a run releases it.
    ReleaseOwnRun { nth: usize },
    /// A checker signs another hash than that of the run.
    ReleaseOtherRun { nth: usize },
    /// A run is given up.
    VoidRun { nth: usize },
    /// Whoever asked last asks again under the same key: for the same, or for something else.
    AskAgain { other: bool },
    /// Due jobs run, at most so many.
    Work { jobs: usize },
    /// Time passes.
    Advance { secs: i64 },
    /// The day ends; it is the next morning.
    NextDay,
    /// The look for statements is written.
    Fetch,
    /// The bank misbehaves.
    Bank { fault: Fault, times: u32 },
    /// The line misbehaves at the next sending.
    Sending(OnSending),
    /// The line misbehaves at the next enquiry.
    Asking(OnAsking),
    /// The bank cannot be reached for so long.
    Down { secs: i64 },
    /// The process dies at a commit of what comes next.
    Crash { commits: u64, after: bool },
    /// A member gets another card.
    ChangeCard { member: usize },
    /// The bank refuses a member's card from now on, or takes it again.
    MarkCard { member: usize, code: Option<&'static str> },
    /// Money comes back: so many hundredths of it.
    Return { nth: usize, percent: i64 },
    /// A statement arrives by hand, again or too early, whole or cut.
    Deliver { nth: usize, cut: bool },
    /// A file of the bank lies in a directory, or what only looks like one.
    FindFile { what: Lying, nth: usize },
    /// A person resolves every break that stops sending.
    Resolve,
    /// A checker loses the right.
    Revoke { checker: usize },
    /// Every checker has the right.
    Restore,
    /// Somebody alters the stored bytes of a batch.
    Tamper { nth: usize },
    /// The service's clock is set so many seconds off the bank's.
    Skew { secs: i64 },
    /// A sleeping sender wakes.
    Wake { nth: usize },
    /// The fund's account gets money.
    Fund { fen: i64 },
    /// Somebody makes a backup of the database.
    BackUp,
    /// The database comes back from the last backup, if no order or batch was made since.
    ComeBack,
    /// An operator leaves SAFE mode, if nothing is missing.
    LeaveSafeMode,
    /// A person holds an order back.
    Hold { nth: usize },
    /// A person lets an order go.
    Lift { nth: usize },
    /// Two people say whose the money is that came back without a reference, or one alone.
    Tie { nth: usize },
    /// Two people resolve an order on the bank's letter that it was never paid, which is true or wrong.
    Letter { nth: usize, wrong: bool },
}

impl Step {
    /// Its name among the faults; none for what is everyday.
    pub(super) fn fault(&self) -> Option<String> {
        Some(match self {
            Self::Bank { fault, .. } => fault.to_string(),
            Self::Sending(trouble) => trouble.word().to_owned(),
            Self::Asking(trouble) => trouble.word().to_owned(),
            Self::GrantAgain => "decision_twice".to_owned(),
            Self::ReleaseOwn { .. } | Self::ReleaseOwnRun { .. } => "own_batch".to_owned(),
            Self::ReleaseOther { .. } | Self::ReleaseOtherRun { .. } => "other_hash".to_owned(),
            Self::Void { .. } => "batch_voided".to_owned(),
            Self::VoidRun { .. } => "run_voided".to_owned(),
            Self::AskAgain { .. } => "asked_again".to_owned(),
            Self::Down { .. } => "bank_down".to_owned(),
            Self::Crash { .. } => "crash_at_commit".to_owned(),
            Self::ChangeCard { .. } => "card_changed".to_owned(),
            Self::MarkCard { .. } => "card_refused".to_owned(),
            Self::Return { .. } => "money_returned".to_owned(),
            Self::Deliver { .. } => "statement_by_hand".to_owned(),
            Self::Revoke { .. } => "checker_revoked".to_owned(),
            Self::Tamper { .. } => "file_altered".to_owned(),
            Self::Skew { .. } => "clock_step".to_owned(),
            Self::ComeBack => "restored".to_owned(),
            Self::Hold { .. } => "order_held".to_owned(),
            Self::Letter { wrong: true, .. } => "letter_wrong".to_owned(),
            Self::FindFile { what, .. } => what.word()?.to_owned(),
            _ => return None,
        })
    }
}

/// Every fault that can be played, by name.
pub(super) fn faults() -> Vec<String> {
    let mut names: Vec<String> = Fault::iter().map(|fault| fault.to_string()).collect();
    let chance = SeededChance::new(0);
    // A kind has several names at most, so some draws of each show all of them.
    let draws = (0..KINDS).flat_map(|kind| std::iter::repeat_n(kind, 16));
    let mut more: Vec<String> = draws.filter_map(|kind| trouble(&chance, kind).fault()).collect();
    names.append(&mut more);
    names.sort();
    names.dedup();
    names
}

/// How a seed's days look.
struct Shape {
    members: u64,
    max: u64,
    /// Out of a hundred steps so many are trouble.
    trouble: u64,
    /// Steps between two days, about.
    day: u64,
    /// The kinds of trouble that happen at all.
    allowed: Vec<String>,
    small: bool,
}

/// Kinds of trouble besides the bank's own.
const KINDS: u64 = 35;

fn pick(chance: &dyn Chance, bound: u64) -> usize {
    usize::try_from(chance.below(bound)).unwrap_or(0)
}

fn fen(chance: &dyn Chance, bound: u64) -> i64 {
    i64::try_from(chance.below(bound)).unwrap_or(0) + 1
}

fn thousandths(chance: &dyn Chance) -> u16 {
    u16::try_from(chance.below(1_001)).unwrap_or(0)
}

fn trouble(chance: &dyn Chance, kind: u64) -> Step {
    let nth = pick(chance, 64);
    match kind {
        0 => Step::Sending(OnSending::Refused),
        1 => Step::Sending(OnSending::Cut(thousandths(chance))),
        2 => Step::Sending(OnSending::Part(thousandths(chance))),
        3 => Step::Sending(OnSending::AnswerLost),
        4 => Step::Sending(OnSending::Twice),
        5 => Step::Sending(OnSending::Late(u16::try_from(chance.below(5_400)).unwrap_or(0))),
        6 => Step::Sending(OnSending::SleepsBefore),
        7 => Step::Sending(OnSending::SleepsAfter),
        8 => Step::Sending(OnSending::Dies(thousandths(chance))),
        9 => Step::Asking(OnAsking::Refused),
        10 => Step::Asking(OnAsking::AnswerLost),
        11 => Step::Asking(OnAsking::Half),
        12 => Step::Asking(OnAsking::Stale),
        13 => Step::Asking(OnAsking::Dies),
        14 => Step::GrantAgain,
        15 => match chance.below(4) {
            0 => Step::ReleaseOwn { nth },
            1 => Step::ReleaseOther { nth },
            2 => Step::ReleaseOwnRun { nth },
            _ => Step::ReleaseOtherRun { nth },
        },
        16 if chance.below(2) == 0 => Step::VoidRun { nth },
        16 => Step::Void { nth },
        17 => Step::Down { secs: fen(chance, if chance.below(4) == 0 { 90_000 } else { 3_000 }) },
        18 => Step::Crash { commits: chance.below(12), after: chance.below(2) == 0 },
        19 => Step::ChangeCard { member: nth },
        20 => {
            Step::MarkCard { member: nth, code: ["AC04", "AC07", "RR04", "AM04", "MS03"].get(pick(chance, 7)).copied() }
        }
        21 => Step::Return { nth, percent: [100, 100, 100, 50, 150].get(pick(chance, 5)).copied().unwrap_or(100) },
        22 => Step::Deliver { nth, cut: chance.below(4) == 0 },
        23 => Step::Revoke { checker: nth },
        24 => Step::Tamper { nth },
        25 => Step::Sending(OnSending::AgainInPart(thousandths(chance))),
        26 => Step::Sending(OnSending::CutThenRefused),
        27 => Step::Hold { nth },
        28 => Step::Letter { nth, wrong: true },
        29 => Step::ComeBack,
        30 => {
            let all = [Lying::Unsigned, Lying::OtherSigner, Lying::Expired, Lying::Altered];
            Step::FindFile { what: all.get(pick(chance, 4)).copied().unwrap_or(Lying::Unsigned), nth }
        }
        31 => {
            let all = [Lying::Half, Lying::Changed, Lying::SameName];
            Step::FindFile { what: all.get(pick(chance, 3)).copied().unwrap_or(Lying::Half), nth }
        }
        32 => {
            let all = [Bomb::Entities, Bomb::Outside, Bomb::Depth, Bomb::Attributes];
            Step::FindFile { what: Lying::Bomb(all.get(pick(chance, 4)).copied().unwrap_or(Bomb::Entities)), nth }
        }
        33 => Step::AskAgain { other: chance.below(3) == 0 },
        _ => Step::Skew { secs: fen(chance, 14_400) - 7_200 },
    }
}

fn shape(chance: &dyn Chance, seed: u64, orders: usize, only: &[String]) -> Shape {
    let all = if only.is_empty() { faults() } else { only.to_vec() };
    let one = |at: u64| all.get(usize::try_from(at).unwrap_or(0) % all.len().max(1)).cloned();
    // Every fault alone, every pair in time, and the rest a swarm: each fault is there or not.
    let allowed: Vec<String> = match seed % 4 {
        _ if !only.is_empty() => all.clone(),
        0 => one(seed / 4).into_iter().collect(),
        1 => [one(chance.below(1_000)), one(chance.below(1_000))].into_iter().flatten().collect(),
        _ => all.iter().filter(|_| chance.below(3) == 0).cloned().collect(),
    };
    let most = u64::try_from(orders).unwrap_or(1).max(1);
    Shape {
        members: 1 + chance.below(u64::try_from(MEMBERS).unwrap_or(1)),
        max: [1, 3, most, 1 + chance.below(most)].get(pick(chance, 4)).copied().unwrap_or(1),
        trouble: [10, 25, 45].get(pick(chance, 3)).copied().unwrap_or(25),
        day: 6 + chance.below(25),
        small: chance.below(3) == 0,
        allowed,
    }
}

/// The steps of a seed: about so many orders, and trouble of the kinds in `only` (of every kind when it is empty).
pub(super) fn plan(seed: u64, orders: usize, only: &[String]) -> Vec<Step> {
    let chance = SeededChance::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1));
    let chance: &dyn Chance = &chance;
    let shape = shape(chance, seed, orders, only);
    let mut steps = Vec::new();
    let mut granted = 0;
    if chance.below(2) == 0 {
        steps.push(Step::Advance { secs: fen(chance, 40_000) });
    }
    while granted < orders {
        // Claims are decided in bursts.
        for _ in 0..=chance.below(if shape.day < 12 { 3 } else { 10 }) {
            if granted < orders {
                granted += 1;
                let most = if shape.small { 3 } else { 5_000_000 };
                let second = if chance.below(4) == 0 { fen(chance, most) } else { 0 };
                steps.push(Step::Grant { member: pick(chance, shape.members), fen: [fen(chance, most), second] });
            }
        }
        for _ in 0..=shape.day / 2 + chance.below(shape.day) {
            steps.push(if chance.below(100) < shape.trouble {
                one_trouble(chance, &shape)
            } else {
                everyday(chance, &shape)
            });
        }
        steps.push(if chance.below(3) == 0 { Step::NextDay } else { Step::Fetch });
    }
    for _ in 0..2 * shape.day {
        steps.push(if chance.below(100) < shape.trouble {
            one_trouble(chance, &shape)
        } else {
            everyday(chance, &shape)
        });
    }
    steps
}

fn one_trouble(chance: &dyn Chance, shape: &Shape) -> Step {
    for _ in 0..60 {
        let step = if chance.below(2) == 0 {
            let all: Vec<Fault> = Fault::iter().collect();
            let fault = all.get(pick(chance, u64::try_from(all.len()).unwrap_or(1))).copied();
            Step::Bank {
                fault: fault.unwrap_or(Fault::AnswerLost),
                times: u32::try_from(chance.below(3)).unwrap_or(0) + 1,
            }
        } else {
            trouble(chance, chance.below(KINDS))
        };
        if step.fault().is_some_and(|name| shape.allowed.contains(&name)) {
            return step;
        }
    }
    Step::Work { jobs: 10 }
}

fn everyday(chance: &dyn Chance, shape: &Shape) -> Step {
    let nth = pick(chance, 64);
    match chance.below(40) {
        0..=3 => Step::Prepare { maker: nth, max: pick(chance, shape.max) + 1 },
        4..=8 => Step::Release { nth, checker: pick(chance, 4) },
        9..=14 => Step::Work { jobs: 1 + pick(chance, 12) },
        15..=17 => Step::Advance { secs: fen(chance, 700) },
        18 => Step::Advance { secs: fen(chance, 9_000) },
        19 => Step::NextDay,
        20 => Step::Fetch,
        21 => Step::Resolve,
        22 => Step::Restore,
        23 | 24 => Step::Wake { nth },
        25 => Step::Fund { fen: fen(chance, 20_000_000) },
        26 | 27 => Step::StartRun { maker: nth, batches: pick(chance, 4) + 1 },
        28 => Step::Lift { nth },
        29 | 30 => Step::Letter { nth, wrong: false },
        31 => Step::BackUp,
        32 | 33 => Step::LeaveSafeMode,
        34 | 35 => Step::FindFile { what: Lying::Signed, nth },
        36 => Step::Tie { nth },
        _ => Step::ReleaseRun { nth, checker: pick(chance, 4) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_plan_and_grants_what_was_asked_for() {
        for seed in 0..40 {
            let steps = plan(seed, 7, &[]);
            assert_eq!(steps, plan(seed, 7, &[]));
            assert_eq!(steps.iter().filter(|step| matches!(step, Step::Grant { .. })).count(), 7);
        }
        assert_ne!(plan(1, 7, &[]), plan(2, 7, &[]));
    }

    #[test]
    fn only_the_faults_that_were_asked_for_happen() {
        let only = ["answer_lost".to_owned()];
        let names: Vec<String> = plan(3, 9, &only).iter().filter_map(Step::fault).collect();
        assert!(!names.is_empty() && names.iter().all(|name| name == "answer_lost"), "{names:?}");
    }
}
