//! What people do: decide, prepare, release, change cards, look at breaks.

use sea_orm::sqlx;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::asking::Asking;
use super::{Stop, World};
use crate::app::App;
use crate::claims::advance::{self, By, Change};
use crate::claims::rows::{claim, decision};
use crate::claims::state::{ClaimState, Command};
use crate::http::{Code, IfMatch, Problem, StaffCaller};
use crate::kernel::money::Fen;
use crate::kernel::seal::Field;
use crate::kernel::text::Text;
use crate::ledger::PlanAmount;
use crate::members;
use crate::organisations::Level;
use crate::payouts::rows::batch;
use crate::payouts::state::BatchState;
use crate::payouts::{self, NewPayout};
use crate::recon::rows::recon_break;
use crate::recon::{self, BreakKind};
use crate::simulate::image::{Image, MEMBERS, card_number};

/// Who releases, and how.
#[derive(Clone, Copy, Debug)]
pub(super) enum Releasing {
    By(usize),
    Own,
    OtherHash,
}

impl World {
    pub(super) async fn grant(&mut self, image: &Image, member: usize, fen: [i64; 2]) -> Result<(), Stop> {
        let app = self.app()?;
        let member_id = self.people.members.get(member % MEMBERS).copied().unwrap_or_default();
        let (city_id, plans) = (self.people.city_id, self.people.plans);
        let parts: Vec<PlanAmount> = plans
            .iter()
            .zip(fen)
            .filter(|(_, fen)| *fen > 0)
            .map(|(plan_id, fen)| PlanAmount { plan_id: *plan_id, amount_fen: Fen::new(fen) })
            .collect();
        let granted = self.act(image, Box::pin(async move { decide(&app, city_id, member_id, parts).await })).await?;
        if granted.is_some() {
            self.counts.orders += 1;
            self.last_grant = granted;
        }
        Ok(())
    }

    pub(super) async fn grant_again(&mut self, image: &Image) -> Result<(), Stop> {
        let (app, Some(new)) = (self.app()?, self.last_grant.clone()) else { return Ok(()) };
        let again = async move {
            let txn = app.db.begin().await?;
            payouts::create_for_decision(&txn, &app, new).await?;
            txn.commit().await?;
            Ok(())
        };
        self.act(image, Box::pin(again)).await.map(drop)
    }

    pub(super) async fn prepare(&mut self, image: &Image, maker: usize, max: usize) -> Result<(), Stop> {
        let maker_id = self.people.makers.get(maker % 2).copied().unwrap_or_default();
        self.ask(image, Asking::Prepare { maker_id, max: max.max(1) }).await.map(drop)
    }

    /// The batches in these states, oldest first.
    pub(super) async fn batches(&mut self, states: &[BatchState]) -> Result<Vec<batch::Model>, Stop> {
        let app = self.app()?;
        let rows = batch::Entity::find()
            .filter(batch::Column::State.is_in(states.to_vec()))
            .order_by_asc(batch::Column::Id)
            .all(app.db.read())
            .await?;
        Ok(rows)
    }

    pub(super) async fn release(&mut self, image: &Image, nth: usize, how: Releasing) -> Result<(), Stop> {
        // Mostly one that waits; sometimes one that was released before.
        let states =
            if nth % 7 == 6 { vec![BatchState::Prepared, BatchState::Released] } else { vec![BatchState::Prepared] };
        let batches = self.batches(&states).await?;
        let Some(batch) = batches.get(nth % batches.len().max(1)).cloned() else { return Ok(()) };
        self.release_batch(image, batch, how).await.map(drop)
    }

    pub(super) async fn release_batch(
        &mut self,
        image: &Image,
        batch: batch::Model,
        how: Releasing,
    ) -> Result<bool, Stop> {
        let staff = self.releaser(how, batch.maker_id);
        let signed = if matches!(how, Releasing::OtherHash) { "0".repeat(64) } else { batch.sha256.clone() };
        let asking = Asking::Release { id: batch.id, staff, version: IfMatch(batch.version), signed };
        let done = self.ask(image, asking).await?;
        if done && !matches!(how, Releasing::By(_)) {
            return Err(Stop::Violation(vec!["I7 a batch was released by its maker or under another hash".to_owned()]));
        }
        Ok(done)
    }

    /// Whoever releases what `maker_id` prepared.
    pub(super) fn releaser(&self, how: Releasing, maker_id: Uuid) -> StaffCaller {
        let (checkers, makers) = (self.people.checkers, self.people.makers);
        let staff_id = match how {
            Releasing::Own => maker_id,
            Releasing::By(number) => {
                let all = [checkers, makers].concat();
                all.get(number % all.len()).copied().unwrap_or_default()
            }
            Releasing::OtherHash => checkers.first().copied().unwrap_or_default(),
        };
        StaffCaller {
            staff_id,
            organisation_id: self.people.city_id,
            organisation_path: format!("/{}/", self.people.city_id),
            unit_id: None,
            roles: Vec::new(),
        }
    }

    pub(super) async fn void(&mut self, image: &Image, nth: usize) -> Result<(), Stop> {
        use BatchState as B;
        let batches = self.batches(&[B::Prepared, B::Released, B::InDoubt, B::Dispatching]).await?;
        let Some(batch) = batches.get(nth % batches.len().max(1)) else { return Ok(()) };
        self.void_batch(image, batch.id).await
    }

    pub(super) async fn void_batch(&mut self, image: &Image, id: Uuid) -> Result<(), Stop> {
        let staff_id = self.people.makers.first().copied().unwrap_or_default();
        self.ask(image, Asking::Void { id, staff_id }).await.map(drop)
    }

    pub(super) async fn change_card(&mut self, image: &Image, member: usize) -> Result<(), Stop> {
        let (app, index) = (self.app()?, member % MEMBERS);
        let member_id = self.people.members.get(index).copied().unwrap_or_default();
        let version = self.cards.get(index).copied().unwrap_or(1) + 1;
        let number = card_number(index, version);
        let changed = async move {
            let txn = app.db.begin().await?;
            let old = members::card::active(&txn, member_id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
            members::card::replace(&txn, &app, &old, &number).await?;
            crate::claims::card::changed(&txn, &app, member_id).await?;
            txn.commit().await?;
            Ok(())
        };
        if self.act(image, Box::pin(changed)).await?.is_some()
            && let Some(kept) = self.cards.get_mut(index)
        {
            *kept = version;
        }
        Ok(())
    }

    pub(super) async fn resolve(&mut self, image: &Image) -> Result<(), Stop> {
        use sea_orm::Iterable;
        let app = self.app()?;
        let kinds: Vec<BreakKind> = BreakKind::iter().filter(|kind| kind.stops_dispatch()).collect();
        let open = recon_break::Entity::find()
            .filter(recon_break::Column::State.eq("open"))
            .filter(recon_break::Column::Kind.is_in(kinds))
            .order_by_asc(recon_break::Column::Id)
            .all(app.db.read())
            .await?;
        for found in open {
            let app = self.app()?;
            let [proposer, closer] =
                [self.people.makers, self.people.checkers].map(|people| people.first().copied().unwrap_or_default());
            let resolved = async move {
                let txn = app.db.begin().await?;
                let proposed = recon::propose(&txn, &app, found.id, proposer, "looked at").await?;
                recon::resolve(&txn, &app, found.id, closer, proposed.proposed_at_ms, "looked at").await?;
                txn.commit().await?;
                Ok(())
            };
            self.act(image, Box::pin(resolved)).await?;
        }
        Ok(())
    }

    pub(super) async fn revoke(&mut self, checker: usize) -> Result<(), Stop> {
        let id = self.people.checkers.get(checker % 2).copied().unwrap_or_default();
        let sql = if checker % 4 < 2 {
            "delete from staff_role where staff_id = $1 and role = 'payout_checker'"
        } else {
            "update staff set state = 'disabled' where id = $1"
        };
        sqlx::query(sql).bind(id).execute(&mut self.db.outside).await?;
        Ok(())
    }

    pub(super) async fn restore(&mut self) -> Result<(), Stop> {
        sqlx::query("update staff set state = 'active'").execute(&mut self.db.outside).await?;
        for id in self.people.checkers {
            let sql = "insert into staff_role (staff_id, role, granted_at_ms) values ($1, 'payout_checker', 0) on conflict do nothing";
            sqlx::query(sql).bind(id).execute(&mut self.db.outside).await?;
        }
        Ok(())
    }
}

/// A claim of the member is decided, and its payout made.
async fn decide(app: &App, city_id: Uuid, member_id: Uuid, parts: Vec<PlanAmount>) -> Result<NewPayout, Problem> {
    let (now, claim_id, decision_id) = (app.clock.now(), app.ids.next(), app.ids.next());
    let txn = app.db.begin().await?;
    let row = claim::ActiveModel {
        id: Set(claim_id),
        member_id: Set(member_id),
        origin: Set(claim::Origin::MemberApp),
        state: Set(ClaimState::Checking),
        version: Set(1),
        declaration_sealed: Set(app.sealer.seal(Field::ClaimFacts, "{}")?),
        event_lookup: Set(Some(claim_id.as_bytes().to_vec())),
        serial_lookup: Set(None),
        organisation_path: Set(format!("/{city_id}/")),
        review_level: Set(Some(Level::Grassroots)),
        reviewer_id: Set(None),
        last_reviewer_id: Set(None),
        created_at_ms: Set(now),
        updated_at_ms: Set(now),
        submitted_at_ms: Set(Some(now)),
        accepted_at_ms: Set(None),
        due_on: Set(None),
        awaits_card: Set(false),
    };
    let claim = claim::Entity::insert(row).exec_with_returning(&txn).await?;
    let text = || Text::fixed("测试", "Test");
    advance::record_start(&txn, &claim, By::SYSTEM, text()).await?;
    let accept = Change::new(Command::PassChecks, By::SYSTEM, text()).set(claim::Column::AcceptedAtMs, now);
    let claim = advance::advance(&txn, app, &claim, accept).await?;
    advance::advance(&txn, app, &claim, Change::new(Command::ApproveStraight, By::SYSTEM, text())).await?;
    let row = decision::ActiveModel {
        id: Set(decision_id),
        claim_id: Set(claim_id),
        number: Set(1),
        outcome: Set(decision::Outcome::Approved),
        granted_fen: Set(Fen::sum(parts.iter().map(|part| part.amount_fen))?),
        reason_code: Set("as_assessed".to_owned()),
        remark_sealed: Set(None),
        decided_by: Set(None),
        decided_at_ms: Set(now),
    };
    decision::Entity::insert(row).exec_without_returning(&txn).await?;
    let new = NewPayout { decision_id, claim_id, member_id, parts };
    payouts::create_for_decision(&txn, app, new.clone()).await?;
    txn.commit().await?;
    Ok(new)
}
