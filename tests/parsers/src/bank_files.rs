//! Signed flat files of a bank, their signatures and envelopes, and the answers of a bank that is called.

use std::panic::AssertUnwindSafe;
use std::sync::OnceLock;

use huzhu::gm::{self, Own};
use huzhu::http_client::{HttpClient, Timeouts};
use huzhu::kernel::chance::SeededChance;
use huzhu::kernel::clock::Moment;
use huzhu::payouts::bank::cn_bulk::{result, returned, statement};
use huzhu::payouts::bank::direct::Direct;
use huzhu::payouts::bank::{Adapter, BankFact, Inbound, Status};

/// 2026-11-23 in Beijing.
const AT: Moment = Moment::from_ms(1_795_400_000_000);

/// Any bytes are read or refused: no panic, and what is read adds up.
#[test]
fn flat_files() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        if let Ok(read) = result::read(bytes) {
            assert_eq!(read.facts.len() + 2, lines);
            assert!(read.facts.iter().all(|fact| fact.amount_fen.is_positive()));
            assert!(read.unknown_letters.iter().all(|line| (2..lines).contains(line)));
        }
        if let Ok(read) = returned::read(bytes) {
            assert_eq!(read.lines.len() + 2, lines);
            let sum: i64 = read.lines.iter().map(|line| line.amount_fen.get()).sum();
            assert_eq!(sum, read.total_fen.get());
        }
        if let Ok(mut entries) = statement::Entries::open(bytes)
            && let Ok(read) = entries.by_ref().collect::<Result<Vec<_>, _>>()
        {
            assert_eq!(read.len() + 2, lines);
            let side = |credit| {
                read.iter().filter(|entry| entry.credit == credit).map(|entry| entry.amount_fen.get()).sum::<i64>()
            };
            let head = entries.head();
            assert_eq!(head.opening_fen.get() - side(false) + side(true), head.closing_fen.get());
        }
    });
}

/// Any bytes are an answer of a bank that is called, or refused whole: no panic, and amounts are whole fen.
#[test]
fn direct_answers() {
    let Ok(http) = HttpClient::new(Timeouts::default()) else { std::process::abort() };
    let bank = AssertUnwindSafe(Direct::new(http, "http://127.0.0.1:1", 1));
    bolero::check!().for_each(|bytes: &[u8]| {
        for kind in [Inbound::Results, Inbound::Result] {
            let Ok(heard) = bank.parse(kind, bytes) else { continue };
            assert!(heard.facts.iter().all(|fact| (1..=9_999_999_999_999_999).contains(&fact.amount_fen.get())));
            let is_final = |fact: &BankFact| matches!(fact.status, Status::Paid | Status::Rejected);
            assert!(heard.facts.iter().all(|fact| !is_final(fact) || fact.posted_at.is_some()));
            assert!(heard.refused.is_none() || heard.facts.is_empty());
            assert_eq!(heard.batch.is_some(), kind == Inbound::Results);
            let is_open = |line: &usize| {
                line.checked_sub(1).and_then(|at| heard.facts.get(at)).is_some_and(|fact| !is_final(fact))
            };
            assert!(heard.odd_lines.iter().all(is_open));
        }
    });
}

fn own() -> &'static Own {
    static OWN: OnceLock<Own> = OnceLock::new();
    // The same each time, so that what is kept of signatures stays right.
    OWN.get_or_init(|| match Own::self_signed("CN=Bank,C=CN", AT, 3_650, &SeededChance::new(1)) {
        Ok(own) => own,
        Err(_) => std::process::abort(),
    })
}

/// Any bytes are no signature but the right one, and no envelope but one that was made for us; no panic.
#[test]
fn signatures() {
    let own = own();
    let signature = gm::sign(b"bytes", own, AT).unwrap_or_default();
    bolero::check!().for_each(|bytes: &[u8]| {
        if gm::verify(b"bytes", bytes, std::slice::from_ref(&own.certificate), AT).is_ok() {
            // Beside what we write, a null after an algorithm and signed attributes are right too.
            assert!(bytes.len() >= signature.len());
        }
        assert!(gm::verify(b"other bytes", bytes, std::slice::from_ref(&own.certificate), AT).is_err());
        let _ = gm::open(bytes, own);
        let _ = gm::Certificate::read(bytes);
        let _ = gm::SecretKey::read(bytes);
    });
}
