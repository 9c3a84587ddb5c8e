//! What `make bench-money` needs beside the service: files rendered beside a plain `write!`, a quarter's payouts written at once, and the
//! statement that shows them, taken beside a bare pass over its XML.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use huzhu::app::{App, Seams};
use huzhu::claims::advance::{By, record_start};
use huzhu::claims::rows::{claim, decision};
use huzhu::claims::state::ClaimState;
use huzhu::config::Config;
use huzhu::gm::{self, Own};
use huzhu::http::Role;
use huzhu::identity::device::DeviceProof;
use huzhu::identity::permissions;
use huzhu::identity::rows::session;
use huzhu::identity::{grants, sessions};
use huzhu::kernel::chance::SystemChance;
use huzhu::kernel::clock::Moment;
use huzhu::kernel::money::Fen;
use huzhu::kernel::seal::Field;
use huzhu::kernel::secret::Secret;
use huzhu::kernel::text::Text;
use huzhu::ledger::PlanAmount;
use huzhu::members::rows::{member, service_card};
use huzhu::organisations::rows::{staff_role, unit};
use huzhu::payouts::bank::cn_bulk::Charset;
use huzhu::payouts::bank::cn_bulk::pay_file::{self, FileLimits};
use huzhu::payouts::bank::iso::IsoFiles;
use huzhu::payouts::bank::transport::Directory;
use huzhu::payouts::bank::{Adapter, Batch, Line};
use huzhu::payouts::{NewPayout, create_for_decision};
use huzhu::plans::rows::plan;
use huzhu::recon::documents::{self, BankDocumentKind, BankDocumentSource, BankDocumentState, Incoming};
use huzhu::{demo, organisations};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};
use time::macros::date;

/// Orders in a batch: the most that a bank takes.
const ORDERS_A_BATCH: usize = 3_000;

#[derive(Parser)]
enum Verb {
    /// Renders `orders` payments into files of 3,000 in `directory`, each way beside its floor; prints seconds as JSON.
    Render {
        /// How many.
        orders: usize,
        /// Where to; it is filled and emptied again.
        directory: PathBuf,
    },
    /// Writes one payout as the service does, for the SQL that makes many of it; prints its id.
    Seed,
    /// Prints a camt.053 that debits the references on standard input, `reference fen` a line.
    Camt {
        /// The account.
        account: String,
        /// The day, `YYYY-MM-DD`.
        day: String,
        /// What the account holds before.
        opening_fen: i64,
    },
    /// Takes a statement as the service does; prints seconds and most memory.
    Take {
        /// The file.
        file: PathBuf,
    },
    /// Reads a file with quick-xml and does nothing with it; prints seconds.
    Scan {
        /// The file.
        file: PathBuf,
    },
    /// Prints an access token of somebody who prepares payouts, and one of somebody who releases them.
    Tokens,
    /// Ignored: what `cargo bench` adds.
    #[command(hide = true, name = "--bench")]
    Bench,
}

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    match Verb::parse_from(std::env::args().filter(|argument| argument != "--bench")) {
        Verb::Render { orders, directory } => render(orders, &directory),
        Verb::Seed => seed().await,
        Verb::Camt { account, day, opening_fen } => camt(&account, &day, opening_fen),
        Verb::Take { file } => take(&file).await,
        Verb::Scan { file } => scan(&file),
        Verb::Tokens => tokens().await,
        Verb::Bench => Ok(()),
    }
}

/// Names as people have them, one in a hundred with a dot or a rare character.
fn name(number: usize) -> &'static str {
    const NAMES: [&str; 9] = ["王芳", "李秀英", "张伟", "刘洋", "欧阳明月", "陈静", "杨建国", "司马相如", "赵敏"];
    match number % 100 {
        7 => "阿依古丽·买买提",
        8 => "王䶮",
        _ => NAMES.get(number % NAMES.len()).copied().unwrap_or_default(),
    }
}

fn batches(orders: usize) -> Vec<Batch> {
    let line = |number: usize| Line {
        bank_ref: format!("M{number:025}"),
        card_number: Secret::new(format!("622202{number:013}")),
        holder_name: Secret::new(name(number).to_owned()),
        amount_fen: Fen::new(10_000 + i64::try_from(number % 900_000).unwrap_or_default()),
    };
    let numbers: Vec<usize> = (0..orders).collect();
    let batch = |(chunk, number): (&[usize], usize)| Batch {
        batch_ref: format!("B{number:025}"),
        corp_id: "HUZHU1".to_owned(),
        debit_account: "6222020000001".to_owned(),
        value_date: date!(2026 - 03 - 16),
        made_at: Moment::from_ms(1_773_622_800_000),
        lines: chunk.iter().map(|number| line(*number)).collect(),
    };
    numbers.chunks(ORDERS_A_BATCH).zip(0..).map(batch).collect()
}

fn render(orders: usize, directory: &Path) -> anyhow::Result<()> {
    let batches = batches(orders);
    let flat = FileLimits {
        charset: Charset::Gb18030,
        max_lines: ORDERS_A_BATCH,
        max_name_bytes: 60,
        max_amount_fen: Fen::new(100_000_000),
        max_total_fen: Fen::new(10_000_000_000),
        remark: "互助保障金".to_owned(),
    };
    let place = Arc::new(Directory::new(directory.to_owned()));
    let iso = IsoFiles::new(place, "样本互助保障会".to_owned(), "313100000013".to_owned(), ORDERS_A_BATCH);
    let into = |name: &str| directory.join(name);
    let files = |name: &'static str, bytes: &dyn Fn(&Batch) -> anyhow::Result<Vec<u8>>| -> anyhow::Result<f64> {
        timed(|| {
            batches
                .iter()
                .try_for_each(|batch| Ok(std::fs::write(into(&format!("{name}-{}", batch.batch_ref)), bytes(batch)?)?))
        })
    };
    // Twice each, in turn, and the better one: the first has the cold pages.
    let mut best = [f64::MAX; 4];
    for _ in 0..2 {
        let round = [
            timed(|| {
                batches.iter().try_for_each(|batch| plain_flat(batch, &into(&format!("plain-{}", batch.batch_ref))))
            })?,
            files("flat", &|batch| Ok(pay_file::write(batch, &flat)?))?,
            timed(|| {
                batches.iter().try_for_each(|batch| plain_iso(batch, &into(&format!("plainx-{}", batch.batch_ref))))
            })?,
            files("iso", &|batch| Ok(iso.render(batch)?))?,
        ];
        for (best, secs) in best.iter_mut().zip(round) {
            *best = best.min(secs);
        }
    }
    let [plain_flat_secs, flat_secs, plain_iso_secs, iso_secs] = best;
    let (own, at) = (
        Own::self_signed("CN=Fund", Moment::from_ms(1_773_622_800_000), 30, &SystemChance)?,
        Moment::from_ms(1_773_622_900_000),
    );
    let rendered: Vec<Vec<u8>> =
        batches.iter().map(|batch| Ok(pay_file::write(batch, &flat)?)).collect::<anyhow::Result<_>>()?;
    let each = |work: &dyn Fn(&[u8]) -> anyhow::Result<()>| timed(|| rendered.iter().try_for_each(|bytes| work(bytes)));
    let said = serde_json::json!({
        "orders": orders, "files": batches.len(), "flat_bytes": rendered.iter().map(Vec::len).sum::<usize>(),
        "plain_flat_secs": plain_flat_secs, "flat_secs": flat_secs, "plain_iso_secs": plain_iso_secs, "iso_secs": iso_secs,
        "sm3_secs": each(&|bytes| { black_box(gm::sm3_hex(bytes)); Ok(()) })?,
        "sha256_secs": each(&|bytes| { black_box(Sha256::digest(bytes)); Ok(()) })?,
        "signature_secs": each(&|bytes| { black_box(gm::sign(bytes, &own, at)?); Ok(()) })?,
        "envelope_secs": each(&|bytes| { black_box(gm::seal_for(bytes, &own.certificate, &SystemChance)?); Ok(()) })?,
    });
    println!("{said}");
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "it measures the service and is no part of it")]
fn now() -> Instant {
    Instant::now()
}

fn timed(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let began = now();
    work()?;
    Ok(began.elapsed().as_secs_f64())
}

/// The floor: the same fields of each line, written as they are.
fn plain_flat(batch: &Batch, path: &Path) -> anyhow::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    for (line, number) in batch.lines.iter().zip(1..) {
        let (card, holder, fen) = (line.card_number.reveal(), line.holder_name.reveal(), line.amount_fen.get());
        writeln!(out, "D|{number:06}|{}|{card}|{holder}||{fen}|INSC|互助保障金", line.bank_ref)?;
    }
    Ok(out.flush()?)
}

/// The floor of XML: the same fields between the same tags.
fn plain_iso(batch: &Batch, path: &Path) -> anyhow::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    for line in &batch.lines {
        let (card, holder, fen) = (line.card_number.reveal(), line.holder_name.reveal(), line.amount_fen.get());
        let (reference, yuan, cents) = (&line.bank_ref, fen / 100, fen % 100);
        writeln!(
            out,
            "<CdtTrfTxInf><PmtId><InstrId>{reference}</InstrId><EndToEndId>{reference}</EndToEndId></PmtId>\
             <Amt><InstdAmt Ccy=\"CNY\">{yuan}.{cents:02}</InstdAmt></Amt>\
             <CdtrAgt><FinInstnId><ClrSysMmbId><ClrSysId><Cd>CNAPS</Cd></ClrSysId><MmbId>313100000013</MmbId></ClrSysMmbId></FinInstnId></CdtrAgt>\
             <Cdtr><Nm>{holder}</Nm></Cdtr><CdtrAcct><Id><Othr><Id>{card}</Id></Othr></Id></CdtrAcct>\
             <Purp><Cd>INSC</Cd></Purp></CdtTrfTxInf>"
        )?;
    }
    Ok(out.flush()?)
}

/// A member with a card, and a claim of theirs that was granted under two plans.
async fn seed() -> anyhow::Result<()> {
    let app = App::build(Config::load(None)?, Seams::default()).await?;
    demo::seed(&app).await?;
    let unit = unit::Entity::find().one(app.db.read()).await?.ok_or_else(|| anyhow::anyhow!("the city has no unit"))?;
    let plans: Vec<uuid::Uuid> =
        plan::Entity::find().all(app.db.read()).await?.into_iter().map(|plan| plan.id).take(2).collect();
    let (sealer, today) = (&app.sealer, app.clock.now());
    let (member_id, claim_id, decision_id) = (app.ids.next(), app.ids.next(), app.ids.next());
    let number = member_id.simple().to_string();
    let row = member::ActiveModel {
        id: Set(member_id),
        unit_id: Set(unit.id),
        name_sealed: Set(sealer.seal(Field::Name, "王芳")?),
        national_id_sealed: Set(sealer.seal(Field::NationalId, &number)?),
        national_id_lookup: Set(sealer.lookup(Field::NationalId, &number)),
        phone_sealed: Set(sealer.seal(Field::Phone, &number)?),
        phone_lookup: Set(sealer.lookup(Field::Phone, &number)),
        language: Set("zh-CN".to_owned()),
        version: Set(1),
        created_at_ms: Set(today),
    };
    let txn = app.db.begin().await?;
    member::Entity::insert(row).exec_without_returning(&txn).await?;
    let row = service_card::ActiveModel {
        id: Set(app.ids.next()),
        member_id: Set(member_id),
        card_version: Set(1),
        number_sealed: Set(sealer.seal(Field::CardNumber, "6222021234567890128")?),
        number_lookup: Set(sealer.lookup(Field::CardNumber, &number)),
        number_tail: Set("0128".to_owned()),
        holder_name_sealed: Set(sealer.seal(Field::Name, "王芳")?),
        state: Set(service_card::CardState::Active),
        usable_from_ms: Set(Moment::EPOCH),
        created_at_ms: Set(today),
    };
    service_card::Entity::insert(row).exec_without_returning(&txn).await?;
    let path = organisations::path_of_member(&txn, member_id).await.map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let row = claim::ActiveModel {
        id: Set(claim_id),
        member_id: Set(member_id),
        origin: Set(claim::Origin::MemberApp),
        state: Set(ClaimState::Approved),
        version: Set(5),
        declaration_sealed: Set(sealer.seal(Field::ClaimFacts, "{}")?),
        event_lookup: Set(Some(claim_id.as_bytes().to_vec())),
        serial_lookup: Set(None),
        organisation_path: Set(path.unwrap_or_default()),
        review_level: Set(None),
        reviewer_id: Set(None),
        last_reviewer_id: Set(None),
        created_at_ms: Set(today),
        updated_at_ms: Set(today),
        submitted_at_ms: Set(Some(today)),
        accepted_at_ms: Set(Some(today)),
        due_on: Set(None),
        awaits_card: Set(false),
    };
    let claim = claim::Entity::insert(row).exec_with_returning(&txn).await?;
    record_start(&txn, &claim, By::member(member_id), Text::fixed("已批准", "Granted"))
        .await
        .map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let parts: Vec<PlanAmount> =
        plans.iter().map(|plan_id| PlanAmount { plan_id: *plan_id, amount_fen: Fen::new(40_000) }).collect();
    let row = decision::ActiveModel {
        id: Set(decision_id),
        claim_id: Set(claim_id),
        number: Set(1),
        outcome: Set(decision::Outcome::Approved),
        granted_fen: Set(Fen::sum(parts.iter().map(|part| part.amount_fen))?),
        reason_code: Set("as_assessed".to_owned()),
        remark_sealed: Set(None),
        decided_by: Set(None),
        decided_at_ms: Set(today),
    };
    decision::Entity::insert(row).exec_without_returning(&txn).await?;
    let new = NewPayout { decision_id, claim_id, member_id, parts };
    let payout_id = create_for_decision(&txn, &app, new).await.map_err(|problem| anyhow::anyhow!("{problem}"))?;
    txn.commit().await?;
    println!("{payout_id}");
    Ok(())
}

async fn tokens() -> anyhow::Result<()> {
    let app = App::build(Config::load(None)?, Seams::default()).await?;
    for role in [Role::PayoutMaker, Role::PayoutChecker] {
        let query = staff_role::Entity::find().filter(staff_role::Column::Role.eq(permissions::word(role)));
        let found = query.one(app.db.read()).await?.ok_or_else(|| anyhow::anyhow!("nobody has the role"))?;
        let secret = Secret::new("0".repeat(43));
        let device = DeviceProof { id: "bench-device-0001".to_owned(), secret };
        let new = sessions::NewSession {
            actor: session::Actor::Staff,
            subject_id: found.staff_id,
            client_id: "staff-console",
            acr: "password_totp",
            device: &device,
            device_name: None,
            idle_secs: 900,
            life_secs: 8 * 3600,
        };
        let (row, refresh) =
            sessions::open(app.db.write(), &app, new).await.map_err(|problem| anyhow::anyhow!("{problem}"))?;
        let granted =
            grants::for_session(&app, &row, &[role], &refresh).map_err(|problem| anyhow::anyhow!("{problem}"))?;
        println!("{}", granted.access_token);
    }
    Ok(())
}

fn camt(account: &str, day: &str, opening_fen: i64) -> anyhow::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let yuan = |fen: i64| format!("{}.{:02}", fen / 100, fen % 100);
    let balance = |code: &str, fen: i64| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">{}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>",
            yuan(fen)
        )
    };
    let lines: Vec<String> = std::io::stdin().lock().lines().collect::<Result<_, _>>()?;
    let orders: Vec<(&str, i64)> = lines
        .iter()
        .map(|line| {
            let (reference, fen) = line.split_once(' ').ok_or_else(|| anyhow::anyhow!("a line is: reference fen"))?;
            Ok((reference, fen.parse()?))
        })
        .collect::<anyhow::Result<_>>()?;
    let debits: i64 = orders.iter().map(|(_, fen)| fen).sum();
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt>\
         <GrpHdr><MsgId>S1</MsgId><CreDtTm>{day}T23:59:59+08:00</CreDtTm></GrpHdr><Stmt><Id>S1</Id><ElctrncSeqNb>1</ElctrncSeqNb>\
         <Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>{}{}<TxsSummry><TtlNtries><NbOfNtries>{}</NbOfNtries></TtlNtries></TxsSummry>\n",
        balance("OPBD", opening_fen),
        balance("CLBD", opening_fen - debits),
        orders.len()
    )?;
    for ((reference, fen), number) in orders.iter().zip(1..) {
        writeln!(
            out,
            "<Ntry><NtryRef>{number}</NtryRef><Amt Ccy=\"CNY\">{}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt>\
             <AcctSvcrRef>X{number:09}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd>\
             <NtryDtls><TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>",
            yuan(*fen)
        )?;
    }
    out.write_all(b"</Stmt></BkToCstmrStmt></Document>\n")?;
    Ok(out.flush()?)
}

async fn take(file: &Path) -> anyhow::Result<()> {
    let app = App::build(Config::load(None)?, Seams::default()).await?;
    let link = app.bank.as_ref().ok_or_else(|| anyhow::anyhow!("no bank is configured"))?;
    let began = now();
    let source = tokio::fs::File::open(file).await?;
    let incoming = Incoming::new(BankDocumentKind::Camt053, BankDocumentSource::Upload);
    let taken = documents::take(&app, link, incoming, source).await.map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let kept_secs = began.elapsed().as_secs_f64();
    let outcome = documents::apply(&app, link, taken.id).await.map_err(|problem| anyhow::anyhow!("{problem}"))?;
    anyhow::ensure!(outcome.state == BankDocumentState::Applied, "{outcome:?}");
    let secs = began.elapsed().as_secs_f64();
    println!(
        "{}",
        serde_json::json!({ "secs": secs, "kept_secs": kept_secs, "entries": outcome.items, "most_memory_mib": most_memory_mib()? })
    );
    Ok(())
}

/// The most that this process had in memory, as Linux tells.
fn most_memory_mib() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().split(' ').next()).ok_or_else(|| anyhow::anyhow!("no VmHWM"))?;
    Ok(kib.parse::<u64>()? / 1024)
}

fn scan(file: &Path) -> anyhow::Result<()> {
    let began = now();
    let mut reader = quick_xml::Reader::from_reader(BufReader::new(File::open(file)?));
    let (mut buffer, mut events) = (Vec::new(), 0_u64);
    loop {
        match black_box(reader.read_event_into(&mut buffer)?) {
            quick_xml::events::Event::Eof => break,
            _ => events += 1,
        }
        buffer.clear();
    }
    println!("{}", serde_json::json!({ "secs": began.elapsed().as_secs_f64(), "events": events }));
    Ok(())
}
