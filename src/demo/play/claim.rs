//! One claim from the phone to the card: the order of the scenes.

use uuid::Uuid;

use super::person::Person;
use super::{Stage, declare, fill, follow, pay, review, upload};

/// A claim that the bank has paid.
pub(super) struct Played {
    pub number: u32,
    pub claim_id: Uuid,
    pub payout_id: String,
    pub phone: String,
    pub member: Person,
}

/// Plays claim `number` up to the bank's success.
pub(super) async fn one(stage: &Stage, number: u32) -> anyhow::Result<Played> {
    let mut member = declare::sign_in(stage, number).await?;
    let claim_id = declare::declare(stage, number, &mut member).await?;
    let mut second = declare::resume_elsewhere(stage, number, &member, claim_id).await?;
    for photo in &stage.props.photos {
        upload::send(stage, number, &mut second, claim_id, photo).await?;
    }
    fill::fill(stage, number, &member, &mut second, claim_id).await?;
    declare::estimate(stage, number, &mut second, claim_id).await?;
    declare::submit(stage, number, &mut second, claim_id).await?;
    review::review(stage, number, claim_id).await?;
    follow::explanation(stage, number, &mut second, claim_id).await?;
    let payout_id = pay::pay(stage, number, claim_id).await?;
    follow::paid(stage, number, &mut second, claim_id).await?;
    Ok(Played { number, claim_id, payout_id, phone: member.phone, member: second })
}
