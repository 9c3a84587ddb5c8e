//! A member is told when a refresh token of theirs was in two hands.

use sea_orm::ConnectionTrait;

use super::rows::session::{self, Actor};
use crate::app::App;
use crate::http::Problem;
use crate::kernel::text::Text;
use crate::notices;

/// The notice's kind.
const KIND: &str = "sign_in_reused";

const WORDS: Text = Text::fixed(
    "您的登录凭证在另一处被使用，我们已让该设备退出。如果不是您本人操作，请重新登录并检查登录设备。",
    "Your sign-in was used from somewhere else, so we signed that device out. If it was not you, sign in again and look at your list of devices.",
);

/// Queues the notice in the transaction that ended the session. Staff learn of it by having to sign in again.
///
/// # Errors
/// Those of the database and the cipher.
pub async fn queue(connection: &impl ConnectionTrait, app: &App, session: &session::Model) -> Result<(), Problem> {
    if session.actor != Actor::Member {
        return Ok(());
    }
    notices::queue(connection, app, session.subject_id, None, KIND, &WORDS).await
}
