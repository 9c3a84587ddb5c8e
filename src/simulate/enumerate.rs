//! A batch of three orders with the process dying at every commit, before and after it takes effect, and the request to the bank ending at
//! every byte, with the process or with the line alone.

use super::image::Image;
use super::step::Step;
use super::world::{Document, Stop, World};
use crate::kernel::chance::{Chance, SeededChance};

/// What happens to the batch, without trouble.
const STEPS: [Step; 8] = [
    Step::Grant { member: 0, fen: [70_000, 1] },
    Step::Grant { member: 1, fen: [5, 0] },
    Step::Grant { member: 2, fen: [123_456, 0] },
    Step::Prepare { maker: 0, max: 3 },
    Step::Release { nth: 0, checker: 0 },
    Step::Work { jobs: 20 },
    Step::NextDay,
    Step::Work { jobs: 20 },
];

/// Plays them all; answers how many ends there were.
pub(super) async fn all(image: &mut Image) -> Result<u64, Stop> {
    let (commits, bytes) = plain(image).await?;
    let mut played = 0;
    for at in 0..commits {
        for after in [false, true] {
            let name = format!("death {} commit {at}", if after { "after" } else { "before" });
            one(image, &name, |world| world.fuse().arm(at, after)).await?;
            played += 1;
        }
    }
    for at in 0..=bytes {
        for dies in [false, true] {
            let name = format!("{} at byte {at} of {bytes}", if dies { "death" } else { "cut" });
            one(image, &name, |world| world.network.end_at_byte(at, dies)).await?;
            played += 1;
        }
    }
    played += permutations(image, ORDERS).await?;
    Ok(played)
}

/// What the bank says of four orders: one is refused, one comes back on the next day.
const FOUR: [Step; 9] = [
    Step::NextDay,
    Step::Work { jobs: 5 },
    Step::Grant { member: 0, fen: [70_000, 1] },
    Step::Grant { member: 1, fen: [5, 0] },
    Step::MarkCard { member: 1, code: Some("AC04") },
    Step::Grant { member: 2, fen: [123_456, 0] },
    Step::Grant { member: 3, fen: [9, 0] },
    Step::Prepare { maker: 0, max: 4 },
    Step::Release { nth: 0, checker: 0 },
];
/// Orders in which the documents of the bank are taken.
const ORDERS: u64 = 60;

/// I11: the results and statements about four orders in many orders, some of them twice, end in one state.
async fn permutations(image: &mut Image, orders: u64) -> Result<u64, Stop> {
    let chance = SeededChance::new(4);
    let chance: &dyn Chance = &chance;
    let mut expected: Option<String> = None;
    for turn in 0..orders {
        let mut world = World::begin(image, 0).await?;
        for step in FOUR {
            world.step(image, &step).await?;
        }
        world.step(image, &Step::Work { jobs: 1 }).await?;
        world.close_days_with_a_return()?;
        let mut documents = world.documents()?;
        if turn > 0 {
            documents.extend(documents.clone().into_iter().take(usize::try_from(chance.below(4))?));
            for at in (1..documents.len()).rev() {
                documents.swap(at, usize::try_from(chance.below(u64::try_from(at)? + 1))?);
            }
        }
        // A statement that came too early is asked for again, as the job does.
        for document in documents.clone().into_iter().chain(world.documents()?) {
            world.take(image, document).await?;
        }
        let digest = world.digest().await?;
        world.close().await;
        let expected = expected.get_or_insert_with(|| digest.clone());
        if digest != *expected {
            let words: Vec<String> = documents.iter().map(Document::to_string).collect();
            let words = words.join("\n    ");
            let what = format!(
                "I11 the documents in order {turn} end in another state:\n  {digest}\n  instead of\n  {expected}\n    {words}"
            );
            return Err(Stop::Violation(vec![what]));
        }
    }
    Ok(orders)
}

/// Without trouble: how many commits there are, and how many bytes the request has.
async fn plain(image: &mut Image) -> Result<(u64, usize), Stop> {
    let mut world = World::begin(image, 0).await?;
    for step in STEPS {
        world.step(image, &step).await?;
    }
    let commits = world.fuse().commits();
    let bytes = world.network.request_bytes();
    world.end(image).await?;
    world.close().await;
    Ok((commits, bytes))
}

async fn one(image: &mut Image, name: &str, trouble: impl Fn(&World)) -> Result<(), Stop> {
    let named = |stop| match stop {
        Stop::Violation(wrong) => Stop::Violation(wrong.into_iter().map(|what| format!("{name}: {what}")).collect()),
        broken => broken,
    };
    let mut world = World::begin(image, 0).await.map_err(named)?;
    trouble(&world);
    for step in STEPS {
        world.step(image, &step).await.map_err(named)?;
    }
    world.end(image).await.map_err(named)?;
    world.close().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Orders that are enough for a test of seconds.
    const SOME: u64 = 20;

    #[tokio::test]
    async fn the_banks_documents_end_in_one_state_whatever_their_order() {
        let mut image = Image::make(&[]).await.unwrap();
        match permutations(&mut image, SOME).await {
            Ok(played) => assert_eq!(played, SOME),
            Err(Stop::Violation(wrong)) => panic!("{}", wrong.join("; ")),
            Err(Stop::Broken(error)) => panic!("{error:#}"),
        }
    }
}
