//! A bank that takes bulk payments as signed flat files and answers with signed flat files, through a directory.

use std::fs;
use std::path::PathBuf;

use encoding_rs::GB18030;
use huzhu::config::{self, BankFiles, BankKind};
use huzhu::gm::{self, Certificate, Own};
use huzhu::jobs::{self, JobSpec};
use huzhu::kernel::chance::SystemChance;
use huzhu::recon::documents::{
    self, BankDocumentKind as Kind, BankDocumentSource as Source, BankDocumentState as State,
};
use huzhu::recon::documents::{BankDocumentView, Incoming};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::file_bank::files;
use super::scene::{ACCOUNT, Scene, states};

const AT: &str = "2026-03-16T10:12:40+08:00";
const OPENING_FEN: i64 = 500_000;

/// A payment file as the bank reads it.
struct Ordered {
    batch_ref: String,
    sha256: String,
    /// Number, reference, name and amount of each line.
    lines: Vec<(String, String, String, i64)>,
}

/// The service, with a bank of flat files.
struct Flat {
    scene: Scene,
    bank: Own,
    root: PathBuf,
}

impl Flat {
    async fn start() -> Self {
        let mut root = PathBuf::new();
        let (scene, bank) = Scene::sealed(|folder| {
            root = folder.join("bank");
            let files = BankFiles { debtor_name: String::new(), cnaps: String::new(), ..files(&root) };
            config::Bank { kind: BankKind::CnBulkFiles, files: Some(files), ..config::Bank::simulator("") }
        })
        .await;
        Self { scene, bank, root }
    }

    /// The files that were left for the bank.
    fn left(&self) -> Vec<String> {
        let Ok(folder) = fs::read_dir(self.root.join("out")) else { return Vec::new() };
        let mut names: Vec<String> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The bank takes the only payment file: by its mark, its envelope, its signature and its totals.
    fn ordered(&self) -> Ordered {
        let [name, ok, p7s] = &self.left()[..] else { panic!("{:?}", self.left()) };
        assert_eq!((ok, p7s), (&format!("{name}.ok"), &format!("{name}.p7s")));
        let read = |name: &str| fs::read(self.root.join("out").join(name)).unwrap();
        let envelope = read(name);
        assert_eq!(read(ok), format!("{}\n", hex::encode(Sha256::digest(&envelope))).into_bytes());
        assert!(!envelope.windows(12).any(|part| part == b"622202123456"), "a card number goes out in clear");
        let bytes = gm::open(&envelope, &self.bank).unwrap();
        let fund = fs::read(self.scene.app.app.config.data_dir.join("fund.crt")).unwrap();
        let fund = Certificate::read(&fund).unwrap();
        gm::verify(&bytes, &read(p7s), &[fund], self.scene.app.app.clock.now()).unwrap();
        let (text, _, bad) = GB18030.decode(&bytes);
        assert!(!bad);
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('|').collect()).collect();
        let [header, details @ .., trailer] = &lines[..] else { panic!("{text}") };
        assert_eq!((header[0], header[1], header[10]), ("H", "CNPAY1", "GB18030"));
        assert_eq!(*name, format!("PAY_{}_{}_{}.txt", header[3], header[5], header[2]));
        let lines: Vec<(String, String, String, i64)> = details
            .iter()
            .map(|line| (line[1].to_owned(), line[2].to_owned(), line[4].to_owned(), line[6].parse().unwrap()))
            .collect();
        let total = lines.iter().map(|line| line.3).sum::<i64>().to_string();
        assert_eq!((header[7], trailer[1]), (lines.len().to_string().as_str(), lines.len().to_string().as_str()));
        assert_eq!((header[8], trailer[2]), (total.as_str(), total.as_str()));
        Ordered { batch_ref: header[2].to_owned(), sha256: hex::encode(Sha256::digest(&bytes)), lines }
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        gm::sign(bytes, &self.bank, self.scene.app.app.clock.now()).unwrap()
    }

    /// The bank leaves a file with this signature, or none.
    fn leave_with(&self, name: &str, bytes: &[u8], signature: Option<&[u8]>) {
        let from = self.root.join("in");
        fs::create_dir_all(&from).unwrap();
        fs::write(from.join(name), bytes).unwrap();
        let p7s = from.join(format!("{name}.p7s"));
        match signature {
            Some(signature) => fs::write(p7s, signature).unwrap(),
            None => drop(fs::remove_file(p7s)),
        }
        fs::write(from.join(format!("{name}.ok")), hex::encode(Sha256::digest(bytes))).unwrap();
    }

    fn leave(&self, name: &str, bytes: &[u8]) {
        self.leave_with(name, bytes, Some(&self.sign(bytes)));
    }

    /// The worker looks for files and takes them.
    async fn look(&self) {
        let app = &self.scene.app.app;
        let txn = app.db.begin().await.unwrap();
        jobs::enqueue(&txn, app, JobSpec::new("recon.take_inbound", json!({}))).await.unwrap();
        txn.commit().await.unwrap();
        self.scene.app.run_jobs().await;
    }

    /// The documents, oldest first.
    async fn documents(&self) -> Vec<BankDocumentView> {
        let mut found = documents::list(self.scene.app.app.db.read(), 100).await.unwrap();
        found.reverse();
        found
    }

    /// State of the newest document, and why.
    async fn newest(&self) -> (State, String) {
        let newest = self.documents().await.pop().unwrap();
        (newest.state, newest.why.unwrap_or_default())
    }
}

fn gb(text: &str) -> Vec<u8> {
    let (bytes, _, bad) = GB18030.encode(text);
    assert!(!bad);
    bytes.into_owned()
}

/// A result file with a line for each `(number, reference, amount, letter, code)`.
fn results(ordered: &Ordered, lines: &[(&str, &str, i64, &str, &str)]) -> Vec<u8> {
    let line = |(number, bank_ref, fen, letter, code): &(&str, &str, i64, &str, &str)| {
        let at = if matches!(*letter, "S" | "F") { AT } else { "" };
        format!("R|{number}|{bank_ref}|{fen}|{letter}|FT{number}|{code}|已处理|{at}\n")
    };
    let details = gb(&lines.iter().map(line).collect::<String>());
    let header = format!("H|CNRES2|{}|{}|{}||GB18030\n", ordered.batch_ref, ordered.sha256, lines.len());
    let trailer = format!("T|{}|{}\n", lines.len(), gm::sm3_hex(&details));
    [header.as_bytes(), &details, trailer.as_bytes()].concat()
}

/// The statement number `seq`, of a day of March 2026, with a line for each `(C or D, amount, serial, reference, tail and text)`.
fn statement(seq: i64, day: u8, opening_fen: i64, lines: &[(&str, i64, &str, &str, &str)]) -> Vec<u8> {
    let side = |wanted: &str| lines.iter().filter(|line| line.0 == wanted).map(|line| line.1).sum::<i64>();
    let details: String = lines
        .iter()
        .zip(1..)
        .map(|((side, fen, serial, bank_ref, text), number)| {
            format!("L|{number}|202603{day}|{side}|{fen}|{serial}|{bank_ref}|{text}\n")
        })
        .collect();
    let details = gb(&details);
    let closing = opening_fen - side("D") + side("C");
    let header = format!("H|CNSTM2|{ACCOUNT}|202603{day}|{seq}|CNY|{opening_fen}|{closing}|GB18030\n");
    let trailer = format!("T|{}|{}|{}|{}\n", lines.len(), side("D"), side("C"), gm::sm3_hex(&details));
    [header.as_bytes(), &details, trailer.as_bytes()].concat()
}

/// The file number `seq` of what came back, with a line for each `(reference, serial, amount)`.
fn returns(account: &str, seq: i64, lines: &[(&str, &str, i64)]) -> Vec<u8> {
    let line =
        |(bank_ref, serial, fen): &(&str, &str, i64)| format!("B|{bank_ref}|{serial}|{fen}|20260317|AC04|账户已销户\n");
    let details = gb(&lines.iter().map(line).collect::<String>());
    let total: i64 = lines.iter().map(|line| line.2).sum();
    let header = format!("H|CNRET2|{account}|20260317|{seq}|CNY|{}|{total}|GB18030\n", lines.len());
    let trailer = format!("T|{}|{total}|{}\n", lines.len(), gm::sm3_hex(&details));
    [header.as_bytes(), &details, trailer.as_bytes()].concat()
}

#[actix_web::test]
async fn a_whole_day_of_signed_files_from_approval_to_statement_and_a_return() {
    let flat = Flat::start().await;
    let scene = &flat.scene;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    let batch = scene.pay().await;
    scene.app.run_jobs().await;
    assert_eq!(scene.states(granted).await, states("in_doubt", "paying", "Paying"), "nobody said that they have it");
    let ordered = flat.ordered();
    assert_eq!(ordered.sha256, batch.sha256);
    let [(number, bank_ref, name, fen)] = &ordered.lines[..] else { panic!() };
    assert_eq!((bank_ref, *fen), (&scene.bank_ref(granted).await, 70_000));
    assert!(!name.is_empty());

    // The receipt names every byte; then a letter that nobody knows; then the money.
    flat.leave(&format!("RES_{}_1.txt", ordered.batch_ref), &results(&ordered, &[]));
    flat.look().await;
    assert_eq!(scene.states(granted).await, states("accepted", "paying", "Paying"));
    flat.leave(&format!("RES_{}_2.txt", ordered.batch_ref), &results(&ordered, &[(number, bank_ref, *fen, "Q", "")]));
    flat.look().await;
    assert_eq!(scene.states(granted).await, states("accepted", "paying", "Paying"));
    assert_eq!(scene.breaks().await, ["B16"]);
    assert_eq!(flat.documents().await.pop().unwrap().errors[0].at, "line 2");
    scene.resolve_breaks().await;
    let paid = results(&ordered, &[(number, bank_ref, *fen, "S", "")]);
    flat.leave(&format!("RES_{}_3.txt", ordered.batch_ref), &paid);
    flat.look().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));

    // The fund's own money, a charge, and the debit.
    scene.advance(24 * 60 * 60);
    let debit = format!("FT{number}");
    let lines = [
        ("C", 1_000_000, "FT900", "", "0001|拨款"),
        ("D", *fen, debit.as_str(), bank_ref.as_str(), "0128|代发"),
        ("D", 50, "FT901", "", "|手续费"),
    ];
    flat.leave(&format!("STM_{ACCOUNT}_1.txt"), &statement(1, 16, OPENING_FEN, &lines));
    flat.look().await;
    assert_eq!(flat.newest().await, (State::Applied, String::new()));
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    assert_eq!(scene.breaks().await, [""; 0]);
    scene.verify().await;

    // It is announced that the money came back, which moves nothing; the statement does.
    flat.leave(&format!("RET_{ACCOUNT}_1.txt"), &returns(ACCOUNT, 1, &[(bank_ref, "RT1", *fen)]));
    flat.look().await;
    let announced = flat.documents().await.pop().unwrap();
    assert_eq!((announced.kind, announced.state, announced.seq), (Kind::CnReturn, State::Applied, Some(1)));
    assert_eq!((announced.items, announced.applied), (1, 1));
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    let opening = OPENING_FEN + 1_000_000 - fen - 50;
    let back = [("C", *fen, "RT1", bank_ref.as_str(), "0128|退回")];
    flat.leave(&format!("STM_{ACCOUNT}_2.txt"), &statement(2, 17, opening, &back));
    flat.look().await;
    assert_eq!(scene.states(granted).await, states("returned", "failed", "PayoutFailed"));
    assert_eq!(scene.breaks().await, [""; 0]);
    for document in flat.documents().await {
        assert_eq!(document.signed_by.as_ref(), Some(&flat.bank.certificate.fingerprint()), "{document:?}");
    }
    assert_eq!(scene.app.count("select count(*) from dispatch").await, 1, "sent again");
    flat.scene.stop().await;
}

#[actix_web::test]
async fn nothing_counts_without_the_banks_own_signature_over_these_very_bytes() {
    let flat = Flat::start().await;
    let scene = &flat.scene;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    scene.app.run_jobs().await;
    let ordered = flat.ordered();
    let [(number, bank_ref, _, fen)] = &ordered.lines[..] else { panic!() };
    let paid = results(&ordered, &[(number, bank_ref, *fen, "S", "")]);
    let now = scene.app.app.clock.now();
    let stranger = Own::self_signed("CN=bank,C=CN", now, 30, &SystemChance).unwrap();
    let of_stranger = gm::sign(&paid, &stranger, now).unwrap();
    let of_other_bytes = flat.sign(b"another file");
    let name = format!("RES_{}_1.txt", ordered.batch_ref);
    for (signature, why) in [
        (None, "the bank's signature is missing"),
        (Some(&b"no signature"[..]), "the bank's signature does not count: this is no detached signature of GM/T 0010"),
        (
            Some(&of_stranger[..]),
            "the bank's signature does not count: the signer's certificate is not one that is pinned",
        ),
        (Some(&of_other_bytes[..]), "the bank's signature does not count: the signature does not fit the bytes"),
        (
            Some(&vec![0x30; 70_000][..]),
            "the bank's signature does not count: this is no detached signature of GM/T 0010",
        ),
    ] {
        flat.leave_with(&name, &paid, signature);
        flat.look().await;
        assert_eq!(flat.newest().await, (State::Rejected, why.to_owned()));
        assert_eq!(scene.breaks().await, ["B13"], "{why}");
        assert_eq!(scene.states(granted).await, states("in_doubt", "paying", "Paying"), "{why}");
        scene.resolve_breaks().await;
    }
    // Who looks at it again finds the same, by whatever road.
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    let id = flat.documents().await[0].id;
    assert_eq!(documents::apply(app, link, id).await.unwrap().state, State::Rejected);
    for source in [Source::Cli, Source::Upload, Source::Transport] {
        let other = statement(1, 16, OPENING_FEN, &[("D", 1, source_word(source), "", "|手续费")]);
        documents::take(app, link, Incoming::new(Kind::CnStatement, source), &other[..]).await.unwrap();
    }
    // A process that died after it had kept them leaves them to the job.
    let txn = app.db.begin().await.unwrap();
    jobs::enqueue(&txn, app, JobSpec::new(documents::KIND, json!({}))).await.unwrap();
    txn.commit().await.unwrap();
    scene.app.run_jobs().await;
    assert!(flat.documents().await.iter().all(|document| document.state == State::Rejected));
    assert_eq!(scene.app.count("select count(*) from statement").await, 0);
    assert_eq!(scene.breaks().await, ["B13"; 4]);
    scene.resolve_breaks().await;

    // The very bytes once more, signed as they should be.
    flat.leave(&name, &paid);
    flat.look().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    let changed = scene.app.execute("/* test */ update bank_document set signed_by = null where signed_by is not null");
    assert!(changed.await.is_err(), "a signature that counted is taken back");
    // Yesterday's file again, under its name and under another.
    scene.advance(24 * 60 * 60);
    let documents_before = flat.documents().await.len();
    for name in [name.as_str(), "RES_again.txt"] {
        flat.leave(name, &paid);
        flat.look().await;
    }
    assert_eq!(flat.documents().await.len(), documents_before, "the same bytes are the same document");
    assert!(!flat.root.join("in/RES_again.txt").exists(), "it is put away");
    assert_eq!((scene.breaks().await, scene.states(granted).await.0), (vec![], "paid".to_owned()));

    // The bank signed in time and delivers when its certificate has ended.
    let late = statement(1, 16, OPENING_FEN, &[("D", *fen, "FT1", bank_ref, "0128|代发")]);
    let signature = flat.sign(&late);
    scene.advance(31 * 24 * 60 * 60);
    flat.leave_with("STM_late.txt", &late, Some(&signature));
    flat.look().await;
    let why = "the bank's signature does not count: the signer's certificate has expired";
    assert_eq!(flat.newest().await, (State::Rejected, why.to_owned()));
    assert_eq!(scene.app.count("select count(*) from statement").await, 0);
    flat.scene.stop().await;
}

fn source_word(source: Source) -> &'static str {
    match source {
        Source::Cli => "FT1",
        Source::Upload => "FT2",
        _ => "FT3",
    }
}

#[actix_web::test]
async fn half_a_file_is_not_read_and_one_that_was_changed_is_refused() {
    let flat = Flat::start().await;
    let scene = &flat.scene;
    let (from, name) = (flat.root.join("in"), format!("STM_{ACCOUNT}_1.txt"));
    let file = statement(1, 16, OPENING_FEN, &[]);
    // Neither half nor whole, nor with its signature, before its mark is there.
    fs::create_dir_all(&from).unwrap();
    fs::write(from.join(&name), &file[..40]).unwrap();
    flat.look().await;
    fs::write(from.join(&name), &file).unwrap();
    fs::write(from.join(format!("{name}.p7s")), flat.sign(&file)).unwrap();
    flat.look().await;
    assert_eq!(flat.documents().await.len(), 0);
    // Changed after its mark, though the bank signed that, too.
    flat.leave(&name, &file);
    let other = statement(1, 16, OPENING_FEN + 1, &[]);
    fs::write(from.join(&name), &other).unwrap();
    fs::write(from.join(format!("{name}.p7s")), flat.sign(&other)).unwrap();
    flat.look().await;
    let (state, why) = flat.newest().await;
    assert_eq!((state, why.as_str()), (State::Quarantined, "a file of the bank has another digest than its .ok says"));
    // A mark without a digest: the clock of the files decides.
    fs::write(from.join("STM_later.txt"), statement(1, 16, OPENING_FEN + 2, &[])).unwrap();
    fs::write(from.join("STM_later.txt.ok"), b"").unwrap();
    let marked = fs::metadata(from.join("STM_later.txt.ok")).unwrap().modified().unwrap();
    let later = fs::File::options().write(true).open(from.join("STM_later.txt")).unwrap();
    later.set_modified(marked + std::time::Duration::from_secs(5)).unwrap();
    flat.look().await;
    assert_eq!(flat.newest().await.1, "a file of the bank was changed after its .ok");
    assert_eq!(scene.breaks().await, ["B13", "B13"]);
    assert_eq!(scene.app.count("select count(*) from statement").await, 0);
    fs::remove_file(from.join("STM_later.txt.ok")).unwrap();
    scene.resolve_breaks().await;
    // Mended, it is taken; the same name never has another content, however well it is signed.
    flat.leave(&name, &file);
    flat.look().await;
    assert_eq!(scene.app.count("select count(*) from statement").await, 1);
    flat.leave(&name, &statement(2, 17, OPENING_FEN, &[]));
    flat.look().await;
    assert_eq!(scene.app.count("select count(*) from statement").await, 1);
    assert_eq!(scene.breaks().await, ["B13"]);
    flat.scene.stop().await;
}

#[actix_web::test]
async fn a_long_file_is_held_against_its_signature_in_pieces() {
    let flat = Flat::start().await;
    // Longer than a piece, right in what it says of itself, and the bank has not signed this byte.
    let serials: Vec<String> = (0..45_000).map(|number| format!("FT{number:060}")).collect();
    let lines: Vec<_> = serials.iter().map(|serial| ("C", 1, serial.as_str(), "", "0001|拨款")).collect();
    let file = statement(1, 16, OPENING_FEN, &lines);
    assert!(file.len() > 4 * 1024 * 1024, "it lies in two pieces");
    let mut other = file.clone();
    let last = other.len() - 1;
    other[last] = b' ';
    flat.leave_with("STM_1.txt", &file, Some(&flat.sign(&other)));
    flat.look().await;
    let why = "the bank's signature does not count: the signature does not fit the bytes";
    assert_eq!(flat.newest().await, (State::Rejected, why.to_owned()));
    // Signed as it is, it is read, and refused for what stands in it.
    flat.leave("STM_2.txt", &other);
    flat.look().await;
    let read = flat.documents().await.pop().unwrap();
    assert_eq!(read.why.as_deref(), Some("line 45002: the file does not end with a line feed"));
    assert_eq!(read.signed_by, Some(flat.bank.certificate.fingerprint()));
    assert_eq!(flat.scene.app.count("select count(*) from statement").await, 0);
    flat.scene.stop().await;
}

#[actix_web::test]
async fn returns_of_nobody_of_another_account_or_under_a_taken_number_are_odd() {
    let flat = Flat::start().await;
    let scene = &flat.scene;
    flat.leave("RET_1.txt", &returns(ACCOUNT, 1, &[("NOTOURS", "RT1", 5)]));
    flat.look().await;
    assert_eq!(flat.newest().await.0, State::Applied);
    assert_eq!(scene.breaks().await, ["B11"]);
    flat.leave("RET_2.txt", &returns(ACCOUNT, 1, &[("NOTOURS", "RT2", 5)]));
    flat.look().await;
    assert_eq!(flat.newest().await, (State::Quarantined, "number 1 was taken with another content".to_owned()));
    flat.leave("RET_3.txt", &returns("6222020000002", 2, &[]));
    flat.look().await;
    assert_eq!(flat.newest().await, (State::Quarantined, "the account is not ours".to_owned()));
    let mut wrong = returns(ACCOUNT, 3, &[("NOTOURS", "RT3", 5)]);
    let at = wrong.windows(3).position(|part| part == b"RT3").unwrap();
    wrong[at + 2] = b'4';
    flat.leave("RET_4.txt", &wrong);
    flat.look().await;
    assert_eq!(flat.newest().await, (State::Rejected, "line 3: the digest differs".to_owned()));
    assert_eq!(scene.breaks().await, ["B08", "B11", "B18"]);
    flat.scene.stop().await;
}

#[actix_web::test]
async fn a_file_for_a_certificate_that_has_ended_is_not_sent() {
    let flat = Flat::start().await;
    let scene = &flat.scene;
    // Both certificates have ended.
    scene.advance(31 * 24 * 60 * 60);
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    scene.app.run_jobs().await;
    assert_eq!(scene.states(granted).await, states("approved", "paying", "Paying"));
    assert_eq!(flat.left(), [""; 0]);
    let outcome = "select count(*) from dispatch where outcome = 'not_sent' and detail = 'bank_certificate_expired'";
    assert_eq!(scene.app.count(outcome).await, 1);
    flat.scene.stop().await;
}
