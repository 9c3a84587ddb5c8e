//! One-time codes by phone: asked for, and tried.
//!
//! Six digits, five minutes, five tries, used once, bound to the request and to the device. An unknown number is answered in the same
//! words after the same work; its code goes nowhere.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::budget::Budget;
use super::rows::otp_challenge;
use super::sessions::{self, SessionError};
use super::{device, sms};
use crate::app::App;
use crate::jobs::Lane;
use crate::kernel::clock::Moment;
use crate::kernel::seal::Field;
use crate::kernel::secret::Secret;
use crate::kernel::text::Language;

/// How long a code is good.
pub const LIFE_SECS: i64 = 300;
/// How often a code may be tried.
pub const MAX_TRIES: i32 = 5;
/// How soon the same number may ask again.
pub const RESEND_AFTER_SECS: i64 = 60;

const PER_NUMBER: [Budget; 2] = [
    Budget { name: "otp-number-hour", tries: 5, window_secs: 3_600 },
    Budget { name: "otp-number-day", tries: 10, window_secs: 86_400 },
];

/// Who asks for a code.
pub struct Request<'a> {
    /// The number, 11 digits.
    pub phone: &'a str,
    /// The device that will give the code back.
    pub device_id: &'a str,
    /// Where the request comes from.
    pub source: &'a str,
    /// Whose number it is, if anybody's, and the language of their messages.
    pub member: Option<(Uuid, Language)>,
    /// How many codes this source may ask for in an hour.
    pub per_source_per_hour: i32,
    /// How many codes this number, or a device that its owner has signed in with, may ask for in a minute.
    pub per_number_per_minute: i32,
}

/// Writes a challenge and its message. `Err` holds the moment from which the number or the source may ask again; the caller then
/// does not commit.
///
/// # Errors
/// The outer error: see [`SessionError`].
pub async fn ask(
    txn: &DatabaseTransaction,
    app: &App,
    request: &Request<'_>,
) -> Result<Result<otp_challenge::Model, Moment>, SessionError> {
    let per_source = Budget { name: "otp-source-hour", tries: request.per_source_per_hour, window_secs: 3_600 };
    if let Err(until) = per_source.spend(txn, app, request.source).await? {
        return Ok(Err(until));
    }
    // A device that has signed this member in has a budget of its own: whoever knows a number can spend what strangers have for it,
    // not its owner's.
    let owner = request.member.map_or(Uuid::nil(), |(member_id, _)| member_id);
    let device_lookup = device::id_lookup(&app.sealer, request.device_id);
    let whom = if sessions::knows_device(txn, owner, &device_lookup).await? {
        format!("{}:{}", request.phone, request.device_id)
    } else {
        request.phone.to_owned()
    };
    let per_minute =
        Budget { name: "otp-number-minute", tries: request.per_number_per_minute, window_secs: RESEND_AFTER_SECS };
    // In the demo one person plays one member all day long.
    let longer: &[Budget] = if app.config.demo { &[] } else { &PER_NUMBER };
    for budget in std::iter::once(per_minute).chain(longer.iter().copied()) {
        if let Err(until) = budget.spend(txn, app, &whom).await? {
            return Ok(Err(until));
        }
    }
    let (id, now) = (app.ids.next(), app.clock.now());
    let code = Secret::new(format!("{:06}", app.chance.below(1_000_000)));
    let row = otp_challenge::Model {
        id,
        member_id: request.member.map(|(member_id, _)| member_id),
        device_lookup,
        code_lookup: code_lookup(app, id, code.reveal()),
        tries: 0,
        created_at_ms: now,
        expires_at_ms: now.plus_secs(LIFE_SECS),
        used_at_ms: None,
    };
    otp_challenge::Entity::insert(otp_challenge::ActiveModel::from(row.clone()).reset_all())
        .exec_without_returning(txn)
        .await?;
    let language = request.member.map_or(Language::Chinese, |(_, language)| language);
    let body = message(language, code.reveal());
    sms::queue(txn, app, request.phone, &body, request.member.is_some(), LIFE_SECS, Lane::Work).await?;
    Ok(Ok(row))
}

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Try {
    /// The code is right, and now used: this member may sign in.
    Right(Uuid),
    /// Whatever else. The try counts: the caller commits.
    Wrong,
}

/// Tries `code` for the challenge `id` from `device_id`. One try is taken before anything is compared, so that a thousand tries at
/// once are still five.
///
/// # Errors
/// Those of the database.
pub async fn try_code(
    txn: &DatabaseTransaction,
    app: &App,
    id: Uuid,
    device_id: &str,
    code: &Secret<String>,
) -> Result<Try, DbErr> {
    let given = code_lookup(app, id, code.reveal());
    if !take_try(txn, app, id, device_id).await? {
        return Ok(Try::Wrong);
    }
    let row = otp_challenge::Entity::find_by_id(id).one(txn).await?;
    let Some(row) = row.filter(|row| bool::from(row.code_lookup.ct_eq(&given))) else { return Ok(Try::Wrong) };
    // A right guess for nobody's number signs nobody in.
    let Some(member_id) = row.member_id else { return Ok(Try::Wrong) };
    Ok(if use_up(txn, app, id).await? { Try::Right(member_id) } else { Try::Wrong })
}

async fn take_try(connection: &impl ConnectionTrait, app: &App, id: Uuid, device_id: &str) -> Result<bool, DbErr> {
    let taken = otp_challenge::Entity::update_many()
        .col_expr(otp_challenge::Column::Tries, Expr::col(otp_challenge::Column::Tries).add(1))
        .filter(otp_challenge::Column::Id.eq(id))
        .filter(otp_challenge::Column::DeviceLookup.eq(device::id_lookup(&app.sealer, device_id)))
        .filter(otp_challenge::Column::Tries.lt(MAX_TRIES))
        .filter(otp_challenge::Column::UsedAtMs.is_null())
        .filter(otp_challenge::Column::ExpiresAtMs.gt(app.clock.now()))
        .exec(connection)
        .await?;
    Ok(taken.rows_affected == 1)
}

async fn use_up(connection: &impl ConnectionTrait, app: &App, id: Uuid) -> Result<bool, DbErr> {
    let used = otp_challenge::Entity::update_many()
        .col_expr(otp_challenge::Column::UsedAtMs, Expr::value(app.clock.now()))
        .filter(otp_challenge::Column::Id.eq(id))
        .filter(otp_challenge::Column::UsedAtMs.is_null())
        .exec(connection)
        .await?;
    Ok(used.rows_affected == 1)
}

/// The key of the hash is the pepper: whoever has only the table cannot try the million codes against it.
fn code_lookup(app: &App, id: Uuid, code: &str) -> Vec<u8> {
    app.sealer.lookup(Field::OneTimeCode, format!("{id}:{code}"))
}

fn message(language: Language, code: &str) -> String {
    let minutes = LIFE_SECS / 60;
    match language {
        Language::Chinese => format!("【互助】验证码 {code}，{minutes} 分钟内有效。工作人员不会向您索要验证码。"),
        Language::English => {
            format!("[Huzhu] Your code is {code}. It is good for {minutes} minutes. We never ask for it.")
        }
    }
}
