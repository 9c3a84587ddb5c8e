//! The bank simulator as a process of its own: killed, it forgets nothing; orphaned, it ends.

use std::path::Path;
use std::time::Duration;

use huzhu::bank_sim;
use huzhu::child::Child;
use huzhu::http_client::{HttpClient, Silence, Timeouts};
use huzhu::kernel::clock::Moment;
use huzhu::kernel::money::Fen;
use huzhu::kernel::secret::Secret;
use huzhu::payouts::bank::simulator::Simulator;
use huzhu::payouts::bank::{Adapter, Batch, Enquired, Line, Status, Submitted};
use sha2::{Digest, Sha256};
use time::macros::date;

async fn start(data: &Path) -> Child {
    bank_sim::child::start(Path::new(env!("CARGO_BIN_EXE_huzhu")), data, "ACC1", Fen::new(1_000_000)).await.unwrap()
}

fn adapter(child: &Child) -> Simulator {
    let timeouts = Timeouts { connect: Duration::from_secs(2), answer: Duration::from_secs(10) };
    Simulator::new(HttpClient::new(timeouts).unwrap(), child.base_url(), 3_000)
}

#[actix_web::test]
async fn a_killed_bank_remembers_what_it_paid() {
    let data = tempfile::tempdir().unwrap();
    let mut child = start(data.path()).await;
    let batch = Batch {
        batch_ref: "BATCH1".into(),
        corp_id: "CORP1".into(),
        debit_account: "ACC1".into(),
        value_date: date!(2026 - 03 - 16),
        made_at: Moment::from_ms(1_773_622_800_000),
        lines: vec![Line {
            bank_ref: "REF1".into(),
            card_number: Secret::new("4111111111111111".into()),
            holder_name: Secret::new("王芳".into()),
            amount_fen: Fen::new(70_000),
        }],
    };
    let bytes = adapter(&child).render(&batch).unwrap();
    let sha256 = hex::encode(Sha256::digest(&bytes));
    for _ in 0..2 {
        let bank = adapter(&child);
        let answer = bank.submit("BATCH1", bytes.clone(), &sha256).await;
        assert!(matches!(answer, Submitted::Accepted { .. }), "{answer:?}");
        child.kill().await.unwrap();
        let gone = bank.submit("BATCH1", bytes.clone(), &sha256).await;
        assert_eq!(gone, Submitted::NotSent { why: "not_connected" });
        child = start(data.path()).await;
        let Enquired::Found(heard) = adapter(&child).enquire_batch("BATCH1").await else { panic!("not found") };
        assert_eq!((heard.facts.len(), heard.facts[0].status), (1, Status::Paid));
    }
    assert_eq!(adapter(&child).enquire_batch("BATCH2").await, Enquired::NotFound);
    assert_eq!(adapter(&child).enquire_order("REF2", date!(2026 - 03 - 16)).await, Enquired::NotFound);
    let journal = std::fs::read_to_string(data.path().join("journal.jsonl")).unwrap();
    assert_eq!(journal.matches("\"executed\"").count(), 1);
    assert!(!journal.contains("4111111111111111") && !journal.contains("王芳"), "the journal keeps a card or a name");
}

#[actix_web::test]
async fn a_bank_whose_parent_is_gone_ends() {
    let data = tempfile::tempdir().unwrap();
    let child = start(data.path()).await;
    let url = format!("{}/healthz", child.base_url());
    let client = HttpClient::new(Timeouts::default()).unwrap();
    assert_eq!(client.get(&url).await.unwrap().status, 200);
    let mut process = child.orphan();
    assert!(process.wait().await.unwrap().success());
    assert_eq!(client.get(&url).await.unwrap_err(), Silence::NotConnected);
}
