//! One suite for every adapter: what it writes says what the batch says, what it can't write it refuses, and what is odd is in doubt.

use std::sync::Arc;
use std::time::Duration;

use huzhu::bank_sim::faults::Fault;
use huzhu::gm::Own;
use huzhu::http_client::{HttpClient, Timeouts};
use huzhu::kernel::chance::SeededChance;
use huzhu::kernel::clock::{ManualClock, Moment};
use huzhu::kernel::money::Fen;
use huzhu::kernel::secret::Secret;
use huzhu::payouts::bank::bulk_files::BulkFiles;
use huzhu::payouts::bank::cn_bulk::Charset;
use huzhu::payouts::bank::cn_bulk::pay_file::FileLimits;
use huzhu::payouts::bank::decide::decide;
use huzhu::payouts::bank::direct::Direct;
use huzhu::payouts::bank::iso::IsoFiles;
use huzhu::payouts::bank::simulator::Simulator;
use huzhu::payouts::bank::transport::Directory;
use huzhu::payouts::bank::{
    Adapter, BankFact, Batch, Enquired, Fetched, Inbound, Line, Pulled, RenderError, Seals, Status, Submitted,
};
use huzhu::payouts::state::OrderState;
use sea_orm::Iterable;
use sha2::{Digest, Sha256};
use time::macros::date;

use super::scene::{ACCOUNT, TestBank};

/// Most orders in a file of the adapters here.
const MOST: usize = 3;
/// When certificates begin.
const AT: Moment = Moment::from_ms(1_795_400_000_000);

/// An adapter with a reading of its files that shares nothing with how they are written: references with amounts in fen, and every count
/// with every total that stands in the file.
struct Tried {
    adapter: Box<dyn Adapter>,
    text: fn(&[u8]) -> String,
    lines: fn(&str) -> Vec<(String, i64)>,
    totals: fn(&str) -> Vec<(usize, i64)>,
}

fn adapters(directory: &std::path::Path) -> Vec<Tried> {
    // Nobody listens on port 1.
    let timeouts = Timeouts { connect: Duration::from_millis(200), answer: Duration::from_millis(200) };
    let simulator = Simulator::new(HttpClient::new(timeouts).unwrap(), "http://127.0.0.1:1", MOST);
    let direct = Direct::new(HttpClient::new(timeouts).unwrap(), "http://127.0.0.1:1", MOST);
    let transport = Arc::new(Directory::new(directory.to_owned()));
    let iso = IsoFiles::new(transport, "互助保障会".to_owned(), "313100000013".to_owned(), MOST);
    let own = |subject| Own::self_signed(subject, AT, 30, &SeededChance::new(1)).unwrap();
    let seals = Arc::new(Seals::new(own("CN=fund,C=CN"), own("CN=bank,C=CN").certificate, None));
    let bulk = |charset, folder: &str| {
        let transport = Arc::new(Directory::new(directory.join(folder)));
        let limits = FileLimits {
            charset,
            max_lines: MOST,
            max_name_bytes: 60,
            max_amount_fen: Fen::new(i64::MAX),
            max_total_fen: Fen::new(i64::MAX),
            remark: "互助保障金".to_owned(),
        };
        let (clock, chance) = (Arc::new(ManualClock::at(AT)), Arc::new(SeededChance::new(2)));
        Box::new(BulkFiles::new(transport, seals.clone(), clock, chance, limits))
    };
    vec![
        Tried { adapter: Box::new(simulator), text: utf8, lines: flat_lines, totals: flat_totals },
        Tried { adapter: Box::new(Pulled::new(MOST)), text: utf8, lines: flat_lines, totals: flat_totals },
        Tried { adapter: Box::new(direct), text: utf8, lines: json_lines, totals: json_totals },
        Tried { adapter: Box::new(iso), text: utf8, lines: xml_lines, totals: xml_totals },
        Tried { adapter: bulk(Charset::Gb18030, "gb"), text: gb18030, lines: flat_lines, totals: flat_totals },
        Tried { adapter: bulk(Charset::Utf8, "utf8"), text: utf8, lines: flat_lines, totals: flat_totals },
    ]
}

fn utf8(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn gb18030(bytes: &[u8]) -> String {
    let (text, _, bad) = encoding_rs::GB18030.decode(bytes);
    assert!(!bad);
    text.into_owned()
}

fn flat_lines(text: &str) -> Vec<(String, i64)> {
    let details = text.lines().filter(|line| line.starts_with("D|"));
    details.map(|line| line.split('|').collect::<Vec<_>>()).map(|f| (f[2].to_owned(), f[6].parse().unwrap())).collect()
}

fn flat_totals(text: &str) -> Vec<(usize, i64)> {
    let of = |letter: &str, at: usize| {
        let line = text.lines().find(|line| line.starts_with(letter)).unwrap();
        let fields: Vec<&str> = line.split('|').collect();
        (fields[at].parse().unwrap(), fields[at + 1].parse().unwrap())
    };
    vec![of("H|", 7), of("T|", 1)]
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> Vec<&'a str> {
    text.split(begin).skip(1).map(|rest| rest.split(end).next().unwrap()).collect()
}

fn fen(yuan: &str) -> i64 {
    let (whole, part) = yuan.split_once('.').unwrap();
    assert_eq!(part.len(), 2, "{yuan}");
    format!("{whole}{part}").parse().unwrap()
}

fn xml_lines(text: &str) -> Vec<(String, i64)> {
    let references = between(text, "<EndToEndId>", "<");
    assert_eq!(references, between(text, "<InstrId>", "<"));
    let amounts = between(text, "<InstdAmt Ccy=\"CNY\">", "<");
    references.into_iter().map(str::to_owned).zip(amounts.into_iter().map(fen)).collect()
}

fn xml_totals(text: &str) -> Vec<(usize, i64)> {
    let counts = between(text, "<NbOfTxs>", "<").into_iter().map(|count| count.parse().unwrap());
    counts.zip(between(text, "<CtrlSum>", "<").into_iter().map(fen)).collect()
}

fn json_lines(text: &str) -> Vec<(String, i64)> {
    let read: serde_json::Value = serde_json::from_str(text).unwrap();
    let payment =
        |one: &serde_json::Value| (one["bank_ref"].as_str().unwrap().to_owned(), one["amount_fen"].as_i64().unwrap());
    read["payments"].as_array().unwrap().iter().map(payment).collect()
}

/// Its total stands there once; the payments say the other.
fn json_totals(text: &str) -> Vec<(usize, i64)> {
    let read: serde_json::Value = serde_json::from_str(text).unwrap();
    let said = (usize::try_from(read["count"].as_u64().unwrap()).unwrap(), read["total_fen"].as_i64().unwrap());
    let lines = json_lines(text);
    vec![said, (lines.len(), lines.iter().map(|line| line.1).sum())]
}

fn line(number: u8, name: &str, amount_fen: i64) -> Line {
    Line {
        bank_ref: format!("REF{number}"),
        card_number: Secret::new("4111111111111111".to_owned()),
        holder_name: Secret::new(name.to_owned()),
        amount_fen: Fen::new(amount_fen),
    }
}

fn batch(lines: Vec<Line>) -> Batch {
    Batch {
        batch_ref: "B1".to_owned(),
        corp_id: "CORP1".to_owned(),
        debit_account: "6222020000001".to_owned(),
        value_date: date!(2026 - 11 - 23),
        made_at: Moment::from_ms(1_795_400_000_000),
        lines,
    }
}

#[test]
fn what_is_written_is_the_batch_and_always_the_same() {
    let directory = tempfile::tempdir().unwrap();
    for Tried { adapter, text, lines, totals } in adapters(directory.path()) {
        let name = adapter.name();
        for amounts in [&[134_000, 5][..], &[1], &[99, 100, 101], &[9_999_999_999_999]] {
            let made =
                batch(amounts.iter().zip(1..).map(|(fen, number)| line(number, "阿依古丽•买买提", *fen)).collect());
            let bytes = adapter.render(&made).unwrap();
            assert_eq!(bytes, adapter.render(&made).unwrap(), "{name}");
            let text = text(&bytes);
            let expected: Vec<(String, i64)> =
                made.lines.iter().map(|l| (l.bank_ref.clone(), l.amount_fen.get())).collect();
            assert_eq!(lines(&text), expected, "{name}");
            let total = (amounts.len(), amounts.iter().sum());
            assert_eq!(totals(&text), [total, total], "{name}");
            assert!(text.contains("阿依古丽·买买提") && !text.contains('•'), "{name}");
        }
    }
}

#[test]
fn what_cannot_be_written_is_refused_and_never_cut() {
    let directory = tempfile::tempdir().unwrap();
    for Tried { adapter, .. } in adapters(directory.path()) {
        let name = adapter.name();
        let long = "长".repeat(31);
        let mut card = line(1, "王芳", 1);
        card.card_number = Secret::new("4111 1111".to_owned());
        let mut reference = line(1, "王芳", 1);
        reference.bank_ref = "R".repeat(31);
        for (lines, error) in [
            (vec![], RenderError::Count),
            ((0..=u8::try_from(MOST).unwrap()).map(|n| line(n, "王芳", 1)).collect(), RenderError::Count),
            (vec![line(1, "王芳", 1), line(2, "王芳", 0)], RenderError::Amount(2)),
            (vec![line(1, "王芳", -1)], RenderError::Amount(1)),
            (vec![line(1, "王芳", i64::MAX), line(2, "王芳", 1)], RenderError::Amount(2)),
            (vec![line(1, &long, 1)], RenderError::Name(1)),
            (vec![line(1, "", 1)], RenderError::Name(1)),
            (vec![line(1, "王\u{1}芳", 1)], RenderError::Name(1)),
            (vec![card], RenderError::Reference(1)),
            (vec![reference], RenderError::Reference(1)),
        ] {
            assert_eq!(adapter.render(&batch(lines)), Err(error), "{name}");
        }
        assert!(adapter.capabilities().not_found_gap_secs >= 600, "{name}");
    }
}

#[actix_web::test]
async fn not_sent_is_said_only_when_it_is_proved() {
    let directory = tempfile::tempdir().unwrap();
    for Tried { adapter, .. } in adapters(directory.path()) {
        let bytes = adapter.render(&batch(vec![line(1, "王芳", 1)])).unwrap();
        match adapter.submit("B1", bytes, "aa").await {
            // Nobody listens: not a byte went out.
            Submitted::NotSent { why } => {
                assert!(["simulator", "direct"].contains(&adapter.name()) && why == "not_connected", "{why}");
            }
            // The file lies there: that proves nothing.
            Submitted::InDoubt { why: "pulled" } => assert_eq!(adapter.name(), "pull"),
            Submitted::InDoubt { why } => {
                assert!(matches!(adapter.name(), "iso20022_files" | "cn_bulk_files"), "{}", adapter.name());
                assert_eq!(why, "no_receipt_yet");
            }
            other => panic!("{}: {other:?}", adapter.name()),
        }
        let another = adapter.submit("B1", b"another".to_vec(), "bb").await;
        assert!(!matches!(another, Submitted::Accepted { .. }), "{}", adapter.name());
        match adapter.name() {
            "iso20022_files" => assert_eq!(another, Submitted::InDoubt { why: "other_content" }),
            // It is no payment file at all: nothing was touched.
            "cn_bulk_files" => assert_eq!(another, Submitted::NotSent { why: "other_content" }),
            _ => {}
        }
        assert!(matches!(adapter.enquire_batch("B1").await, Enquired::Unavailable { .. }), "never: not found");
    }
}

/// The adapters that call their bank, with the same bank.
fn callers(bank: &TestBank) -> [Box<dyn Adapter>; 2] {
    let http = || HttpClient::new(Timeouts::default()).unwrap();
    let url = format!("http://127.0.0.1:{}", bank.port);
    [Box::new(Simulator::new(http(), &url, MOST)), Box::new(Direct::new(http(), &format!("{url}/direct"), MOST))]
}

/// Gives a batch of one order to the bank.
async fn submit(adapter: &dyn Adapter, batch_ref: &str, bank_ref: &str) -> Submitted {
    let line = Line { bank_ref: bank_ref.to_owned(), ..line(1, "王芳", 700) };
    let made = Batch { batch_ref: batch_ref.to_owned(), ..batch(vec![line]) };
    let bytes = adapter.render(&made).unwrap();
    let sha256 = hex::encode(Sha256::digest(&bytes));
    adapter.submit(batch_ref, bytes, &sha256).await
}

#[actix_web::test]
async fn a_bank_that_is_called_is_believed_as_far_as_it_proves() {
    let bank = TestBank::start(None);
    for (adapter, number) in callers(&bank).iter().zip(1..) {
        let (adapter, name) = (&**adapter, adapter.name());
        let batch_ref = |letter: &str| format!("{letter}{number}");
        let day = date!(2026 - 11 - 23);
        for (fault, letter, expected) in [
            (Fault::AnswerLost, "A", "cut"),
            (Fault::CutBefore, "B", "cut"),
            (Fault::LateQueue, "C", "cut"),
            (Fault::ServerErrorAfter, "D", "unreadable"),
            (Fault::ServerError, "E", "unreadable"),
            (Fault::WrongHash, "F", "hash_differs"),
            (Fault::SaysDuplicate, "G", "duplicate"),
        ] {
            bank.fault(fault, 1);
            let answer = submit(adapter, &batch_ref(letter), &batch_ref(letter)).await;
            assert_eq!(answer, Submitted::InDoubt { why: expected }, "{name} {fault:?}");
        }
        bank.fault(Fault::NotAccepted, 1);
        let answer = submit(adapter, &batch_ref("H"), &batch_ref("H")).await;
        assert_eq!(answer, Submitted::NotSent { why: "not_accepted" }, "{name}");
        bank.fault(Fault::RejectFile, 1);
        let answer = submit(adapter, &batch_ref("I"), &batch_ref("I")).await;
        assert_eq!(answer, Submitted::RejectedFinal { code: "FF01".to_owned() }, "{name}");
        for _ in 0..2 {
            let answer = submit(adapter, &batch_ref("J"), &batch_ref("J")).await;
            assert!(matches!(answer, Submitted::Accepted { .. }), "{name} {answer:?}");
        }

        let Enquired::Found(heard) = adapter.enquire_batch(&batch_ref("J")).await else { panic!("{name}") };
        assert_eq!(heard.batch.as_ref().unwrap().batch_ref, batch_ref("J"), "{name}");
        let told: Vec<_> =
            heard.facts.iter().map(|fact| (fact.bank_ref.clone(), fact.amount_fen, fact.status)).collect();
        assert_eq!(told, [(batch_ref("J"), Fen::new(700), Status::Paid)], "{name}");
        let file = heard.file.clone().expect("what the bank said is kept");
        let read = adapter.parse(Inbound::Results, &file).unwrap();
        assert_eq!((read.batch, read.facts), (heard.batch, heard.facts.clone()), "{name}");
        let Enquired::Found(one) = adapter.enquire_order(&batch_ref("J"), day).await else { panic!("{name}") };
        assert_eq!(one.facts, heard.facts, "{name}");
        let Enquired::Found(refused) = adapter.enquire_batch(&batch_ref("I")).await else { panic!("{name}") };
        assert_eq!((refused.refused.as_deref(), refused.facts.len()), (Some("FF01"), 0), "{name}");
        assert_eq!(adapter.enquire_batch(&batch_ref("B")).await, Enquired::NotFound, "{name}");
        assert_eq!(adapter.enquire_order(&batch_ref("B"), day).await, Enquired::NotFound, "{name}");
        bank.fault(Fault::EnquiryError, 2);
        let unavailable = Enquired::Unavailable { why: "status" };
        assert_eq!(adapter.enquire_batch(&batch_ref("J")).await, unavailable, "{name}");
        assert_eq!(adapter.enquire_order(&batch_ref("J"), day).await, unavailable, "{name}");
        bank.fault(Fault::OddAmount, 1);
        let unreadable = Enquired::Unavailable { why: "unreadable" };
        assert_eq!(adapter.enquire_batch(&batch_ref("J")).await, unreadable, "{name}");
        assert_eq!(adapter.fetch_statement(ACCOUNT, 1).await, Fetched::NotYet, "{name}");
        assert_eq!(adapter.fetch_statement("OTHER", 1).await, Fetched::NotYet, "{name}");
    }
    bank.open().close_day().unwrap();
    let file = bank.open().statement_as_it_is(1).unwrap();
    for adapter in callers(&bank) {
        assert_eq!(adapter.fetch_statement(ACCOUNT, 1).await, Fetched::File(file.clone()), "{}", adapter.name());
    }
    bank.hang_up().await;
}

#[test]
fn every_state_has_an_answer_to_every_fact_and_twice_is_once() {
    for state in OrderState::iter() {
        for status in [Status::Pending, Status::Paid, Status::Rejected, Status::Duplicate] {
            let fact = BankFact {
                bank_ref: "REF1".to_owned(),
                amount_fen: Fen::new(10),
                status,
                reason_code: String::new(),
                bank_serial: String::new(),
                posted_at: Some(Moment::EPOCH),
            };
            let first = decide(state, Fen::new(10), &fact);
            let after = first.command.map_or(state, |command| state.after(command).expect("what the state allows"));
            assert_eq!(decide(after, Fen::new(10), &fact).command, None, "{state:?} {status:?}");
            assert_eq!(fact.fingerprint(), fact.clone().fingerprint());
        }
    }
}
