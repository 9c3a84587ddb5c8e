//! A member is told when a refresh token of theirs was in two hands.

use sea_orm::{ConnectionTrait, Statement};

use super::rows::session::{self, Actor};
use super::sessions::SessionError;
use crate::app::App;
use crate::kernel::seal::Field;
use crate::kernel::text::Text;

/// The notice's kind.
pub const KIND: &str = "sign_in.token_reused";

const WORDS: Text = Text::fixed(
    "您的登录凭证在另一处被使用，我们已让该设备退出。如果不是您本人操作，请重新登录并检查登录设备。",
    "Your sign-in was used from somewhere else, so we signed that device out. If it was not you, sign in again and look at your list of devices.",
);

/// Queues the notice in the transaction that ended the session. Staff are told by their next sign-in.
///
/// # Errors
/// See [`SessionError`].
pub async fn queue(connection: &impl ConnectionTrait, app: &App, session: &session::Model) -> Result<(), SessionError> {
    if session.actor != Actor::Member {
        return Ok(());
    }
    let sql = "insert into notice (id, member_id, kind, channel, body_zh, body_en, state, created_at_ms) \
               values ($1, $2, $3, 'app', $4, $5, 'queued', $6)";
    let values = [
        app.ids.next().into(),
        session.subject_id.into(),
        KIND.into(),
        app.sealer.seal(Field::Message, WORDS.zh.as_bytes())?.into(),
        app.sealer.seal(Field::Message, WORDS.en.as_bytes())?.into(),
        app.clock.now().into(),
    ];
    let backend = connection.get_database_backend();
    connection.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}
