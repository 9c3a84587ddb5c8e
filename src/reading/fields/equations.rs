//! What amounts on one paper must come to. An equation that does not hold is a warning: papers are filled in wrongly, and read wrongly.
//!
//! The equations are those of the national rules for medical e-bills and of Beijing's own bills (自付一 and 自付二 are the two parts of 个人自付).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Field, FieldName as F, amount_of};
use crate::kernel::money::Fen;

/// An equation of a paper's amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Equation {
    /// 金额合计 = 统筹基金支付 + 其他支付 (or 大额互助资金支付) + 个人账户支付 + 个人现金支付.
    TotalIsWhoPaid,
    /// 个人自付 = 自付一 + 自付二.
    PersonalPayIsOneAndTwo,
    /// 个人账户支付 + 个人现金支付 = 个人自付 (or both its parts) + 自费.
    PaidByThePersonIsOwed,
    /// The amount in figures is the amount in words.
    FiguresAreWords,
}

/// The field of `halves` that makes what the person paid what the person owed, when it was not read otherwise.
pub(super) fn completing(fields: &[Field], halves: Vec<Field>) -> Option<Field> {
    let is_new = |half: &Field| fields.iter().all(|field| field.name != half.name);
    halves.into_iter().filter(is_new).find(|half| {
        let with: Vec<Field> = fields.iter().chain([half]).cloned().collect();
        states(&with).iter().any(|(equation, holds)| *equation == Equation::PaidByThePersonIsOwed && *holds)
    })
}

/// The equations that do not hold, of those whose amounts were all read.
#[must_use]
pub fn broken(fields: &[Field]) -> Vec<Equation> {
    states(fields).into_iter().filter(|(_, holds)| !holds).map(|(equation, _)| equation).collect()
}

/// The equations whose amounts were all read, and whether each holds.
fn states(fields: &[Field]) -> Vec<(Equation, bool)> {
    let amount = |name: F| amount_of(fields, name);
    let sum = |names: &[F]| -> Option<Fen> {
        let amounts: Option<Vec<Fen>> = names.iter().map(|name| amount(*name)).collect();
        Fen::sum(amounts?).ok()
    };
    let others = if amount(F::OtherPayFen).is_some() { F::OtherPayFen } else { F::LargeSumFen };
    let parts = sum(&[F::SelfPayOneFen, F::SelfPayTwoFen]);
    let personal = amount(F::PersonalPayFen).or(parts);
    let owed = personal.zip(amount(F::OwnExpenseFen)).and_then(|(personal, own)| personal.checked_add(own).ok());
    let equations = [
        (
            Equation::TotalIsWhoPaid,
            amount(F::TotalFen),
            sum(&[F::PooledFundFen, others, F::PersonalAccountFen, F::PersonalCashFen]),
        ),
        (Equation::PersonalPayIsOneAndTwo, amount(F::PersonalPayFen), parts),
        (Equation::PaidByThePersonIsOwed, sum(&[F::PersonalAccountFen, F::PersonalCashFen]), owed),
        (Equation::FiguresAreWords, amount(F::TotalFen), amount(F::TotalInWords)),
    ];
    let state = |(equation, one, other): (Equation, Option<Fen>, Option<Fen>)| Some((equation, one? == other?));
    equations.into_iter().filter_map(state).collect()
}
