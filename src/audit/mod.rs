//! The access record: every read of a member's file by somebody else, visible to that member.
//!
//! A read is recorded before its answer goes out. The hash chain over these rows comes with the audit log.

mod list;

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue::Set, ConnectionTrait};

use crate::app::App;
use crate::http::{Problem, Routes, StaffCaller};
use crate::kernel::clock::Moment;

/// A row of `access_record`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_record")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose file.
    pub member_id: Uuid,
    /// Who read it.
    pub staff_id: Uuid,
    /// What was read: a stable word.
    pub what: String,
    /// Which claim or document.
    pub subject_id: Uuid,
    /// When.
    pub at_ms: Moment,
}

impl ActiveModelBehavior for ActiveModel {}

/// The routes of this capability.
pub fn routes(config: &mut Routes) {
    config.service(list::list_access_records);
}

/// Records that `caller` read `what` (a stable word) of the member's file.
///
/// # Errors
/// Those of the database: then the read must not be answered.
pub async fn record_access(
    connection: &impl ConnectionTrait,
    app: &App,
    caller: &StaffCaller,
    member_id: Uuid,
    what: &'static str,
    subject_id: Uuid,
) -> Result<(), Problem> {
    let row = ActiveModel {
        id: Set(app.ids.next()),
        member_id: Set(member_id),
        staff_id: Set(caller.staff_id),
        what: Set(what.to_owned()),
        subject_id: Set(subject_id),
        at_ms: Set(app.clock.now()),
    };
    Entity::insert(row).exec_without_returning(connection).await?;
    Ok(())
}
