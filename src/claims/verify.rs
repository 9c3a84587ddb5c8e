//! Proof that each claim's row is what its timeline says.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement};
use uuid::Uuid;

use super::jobs;
use super::rows::{claim, claim_plan, decision, decision_line, timeline};
use super::state::{ClaimState, Command, Standing, transition};
use crate::documents;
use crate::kernel::money::Fen;
use crate::promise::{self, ClockEvent, ClockRow};

/// Claims read at once.
const STEP: u64 = 500;

/// Replays every claim, checks its decision, and that a claim that waits for the system has something to wait for; answers how many
/// claims there are.
///
/// # Errors
/// Those of the database.
pub async fn check(connection: &impl ConnectionTrait, report: &mut impl FnMut(String, String)) -> anyhow::Result<u64> {
    let (mut after, mut claims) = (Uuid::nil(), 0);
    loop {
        let step = claim::Entity::find()
            .filter(claim::Column::Id.gt(after))
            .order_by_asc(claim::Column::Id)
            .limit(STEP)
            .all(connection)
            .await?;
        let Some(last) = step.last() else { return Ok(claims) };
        after = last.id;
        claims += u64::try_from(step.len())?;
        let ids: Vec<Uuid> = step.iter().map(|claim| claim.id).collect();
        let mut timelines = grouped_timelines(connection, &ids).await?;
        for claim in &step {
            let rows = timelines.remove(&claim.id).unwrap_or_default();
            if let Err(what) = replay(claim, &rows) {
                report(format!("claim {}", claim.id), what);
            }
        }
        check_decisions(connection, &ids, report).await?;
        check_pending(connection, &step, report).await?;
    }
}

/// A claim that is being checked waits for a document that is on its way, or for a check that is written: nobody else goes on with it.
async fn check_pending(
    connection: &impl ConnectionTrait,
    claims: &[claim::Model],
    report: &mut impl FnMut(String, String),
) -> anyhow::Result<()> {
    let checking = claims.iter().filter(|claim| claim.state == ClaimState::Checking);
    let checking: Vec<Uuid> = checking.map(|claim| claim.id).collect();
    if checking.is_empty() {
        return Ok(());
    }
    let moving = documents::on_their_way(connection, &checking).await?;
    for id in checking.into_iter().filter(|id| !moving.contains(id)) {
        if !has_check(connection, id).await? {
            report(
                format!("claim {id}"),
                "it is being checked, and neither a document nor a check is pending".to_owned(),
            );
        }
    }
    Ok(())
}

async fn has_check(connection: &impl ConnectionTrait, claim_id: Uuid) -> Result<bool, DbErr> {
    let sql = "select 1 as found from job where kind = $1 and state in ('ready', 'running') and payload ->> 'claim_id' = $2 limit 1";
    let values = [jobs::CHECK.into(), claim_id.to_string().into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(connection.query_one_raw(statement).await?.is_some())
}

async fn grouped_timelines(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> anyhow::Result<HashMap<Uuid, Vec<timeline::Model>>> {
    let mut timelines: HashMap<Uuid, Vec<timeline::Model>> = HashMap::new();
    let rows = timeline::Entity::find()
        .filter(timeline::Column::ClaimId.is_in(ids.to_vec()))
        .order_by_asc(timeline::Column::Seq)
        .all(connection)
        .await?;
    for row in rows {
        timelines.entry(row.claim_id).or_default().push(row);
    }
    Ok(timelines)
}

/// Walks the timeline through the transition table and the promise clock.
fn replay(claim: &claim::Model, rows: &[timeline::Model]) -> Result<(), String> {
    let mut standing = Standing::NOWHERE;
    let mut clock = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let at = format!("timeline row {}", row.seq);
        if usize::try_from(row.seq) != Ok(index + 1) || row.from_state != standing.state {
            return Err(format!("{at} does not follow the row before it"));
        }
        let step =
            transition(standing, row.command).ok_or_else(|| format!("{at}: {:?} is not allowed there", row.command))?;
        let event = row.promise.as_deref().and_then(ClockEvent::from_word);
        if step.to != row.to_state || step.promise != event {
            return Err(format!("{at} does not do what {:?} does", row.command));
        }
        if let Some(event) = event {
            clock.push(ClockRow { at: row.promise_at_ms.unwrap_or(row.at_ms), event });
        }
        standing = Standing {
            state: Some(row.to_state),
            accepted: standing.accepted || row.command == Command::PassChecks,
            awaits_card: match row.command {
                Command::AwaitCard => true,
                Command::GiveCard => false,
                _ => standing.awaits_card,
            },
        };
    }
    if standing.state != Some(claim.state) {
        return Err(format!("the row says {:?}, its timeline {:?}", claim.state, standing.state));
    }
    if standing.accepted != claim.accepted_at_ms.is_some() {
        return Err("accepted_at_ms does not agree with the timeline".to_owned());
    }
    if standing.awaits_card != claim.awaits_card {
        return Err("awaits_card does not agree with the timeline".to_owned());
    }
    let now = claim.updated_at_ms;
    promise::standing(&clock, crate::calendar::Calendar::built_in(), now).map(drop).map_err(|error| error.to_string())
}

/// A decision's lines add up to it, and a granted claim has its plans' amounts.
async fn check_decisions(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
    report: &mut impl FnMut(String, String),
) -> anyhow::Result<()> {
    let decisions =
        decision::Entity::find().filter(decision::Column::ClaimId.is_in(ids.to_vec())).all(connection).await?;
    let decision_ids: Vec<Uuid> = decisions.iter().map(|decision| decision.id).collect();
    let lines = decision_line::Entity::find()
        .filter(decision_line::Column::DecisionId.is_in(decision_ids))
        .all(connection)
        .await?;
    for decision in &decisions {
        let own = lines.iter().filter(|line| line.decision_id == decision.id);
        if Fen::sum(own.map(|line| line.granted_fen)) != Ok(decision.granted_fen) {
            report(format!("decision {}", decision.id), "its lines do not add up to it".to_owned());
        }
    }
    let decided = [
        ClaimState::Approved,
        ClaimState::PartlyApproved,
        ClaimState::Paying,
        ClaimState::Paid,
        ClaimState::PayoutFailed,
    ];
    let granted = claim::Entity::find()
        .filter(claim::Column::Id.is_in(ids.to_vec()))
        .filter(claim::Column::State.is_in(decided))
        .all(connection)
        .await?;
    let plans =
        claim_plan::Entity::find().filter(claim_plan::Column::ClaimId.is_in(ids.to_vec())).all(connection).await?;
    for claim in granted {
        let sum = Fen::sum(plans.iter().filter(|plan| plan.claim_id == claim.id).filter_map(|plan| plan.granted_fen));
        let own =
            decisions.iter().filter(|decision| decision.claim_id == claim.id).map(|decision| decision.granted_fen);
        if own.max() != sum.ok() {
            report(format!("claim {}", claim.id), "its plans' granted amounts are not its decision's".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::rows::claim::Origin;
    use crate::claims::rows::timeline::ActorKind;
    use crate::kernel::clock::Moment;

    fn row(seq: i64, command: Command, from: Option<ClaimState>, to: ClaimState) -> timeline::Model {
        timeline::Model {
            claim_id: Uuid::nil(),
            seq,
            command,
            from_state: from,
            to_state: to,
            promise: None,
            promise_at_ms: None,
            actor_kind: ActorKind::Member,
            actor_id: None,
            reason_code: None,
            text_zh: String::new(),
            text_en: String::new(),
            at_ms: Moment::from_ms(seq),
        }
    }

    fn claim(state: ClaimState) -> claim::Model {
        claim::Model {
            id: Uuid::nil(),
            member_id: Uuid::nil(),
            origin: Origin::MemberApp,
            state,
            version: 1,
            declaration_sealed: Vec::new(),
            event_lookup: None,
            serial_lookup: None,
            organisation_path: "/".to_owned(),
            review_level: None,
            reviewer_id: None,
            last_reviewer_id: None,
            created_at_ms: Moment::EPOCH,
            updated_at_ms: Moment::EPOCH,
            submitted_at_ms: None,
            accepted_at_ms: None,
            due_on: None,
            awaits_card: false,
        }
    }

    #[test]
    fn a_row_that_its_timeline_does_not_lead_to_is_found() {
        use ClaimState::{Checking, Draft, Rejected};
        let rows = [
            row(1, Command::Start, None, Draft),
            row(2, Command::Submit, Some(Draft), Checking),
            row(3, Command::RefuseByChecks, Some(Checking), Rejected),
        ];
        assert_eq!(replay(&claim(Rejected), &rows), Ok(()));
        assert!(replay(&claim(Checking), &rows).unwrap_err().contains("the row says"));
        assert!(replay(&claim(Checking), &rows[..1]).is_err());
        assert!(replay(&claim(Rejected), &rows[1..]).unwrap_err().contains("follow"));
        let skipped = [rows[0].clone(), row(2, Command::Take, Some(Draft), ClaimState::InReview)];
        assert!(replay(&claim(ClaimState::InReview), &skipped).unwrap_err().contains("not allowed"));
    }
}
