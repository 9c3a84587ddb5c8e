//! What `make bench` needs beside the service: members with drafts that are ready to be submitted, and the floor's bare handler.
//!
//! `load seed` writes into the configured database and prints one line a draft: an access token, the claim's id, its version.
//! `load bare` serves `GET /status/{id}`: three SELECTs by id on the floor's tables, no token, no log, nothing else.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::{App as ActixApp, HttpResponse, HttpServer, web};
use clap::Parser;
use huzhu::app::{App, Seams};
use huzhu::assessment::{EventKind, Settlement};
use huzhu::claims::advance::{By, record_start};
use huzhu::claims::declaration::Declaration;
use huzhu::claims::rows::claim::{self, Origin};
use huzhu::claims::state::ClaimState;
use huzhu::config::Config;
use huzhu::demo;
use huzhu::http::Role;
use huzhu::identity::grants::{self, Grantee};
use huzhu::identity::jwt::Actor;
use huzhu::kernel::money::Fen;
use huzhu::kernel::seal::Field;
use huzhu::kernel::text::Text;
use huzhu::members::rows::member;
use huzhu::organisations;
use huzhu::organisations::rows::unit;
use huzhu::plans::rows::{enrolment, plan};
use sea_orm::{
    ActiveValue::Set, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, EntityTrait,
    Statement,
};
use time::{Date, Duration};
use uuid::Uuid;

/// Drafts written in one transaction.
const DRAFTS_A_COMMIT: u32 = 500;
/// Plans that pay for the stay: what a member of the demo's city usually has.
const PLANS: [&str; 2] = ["second_reimbursement", "hospital_allowance"];

#[derive(Parser)]
enum Verb {
    /// Writes members, each with one draft of a stay and two clean documents.
    Seed {
        /// How many.
        claims: u32,
    },
    /// Serves the floor's handler.
    Bare {
        /// Where.
        listen: SocketAddr,
        /// The database with the floor's tables.
        url: String,
    },
    /// Ignored: what `cargo bench` adds.
    #[command(hide = true, name = "--bench")]
    Bench,
}

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    match Verb::parse_from(std::env::args().filter(|argument| argument != "--bench")) {
        Verb::Seed { claims } => seed(claims).await,
        Verb::Bare { listen, url } => bare(listen, &url).await,
        Verb::Bench => Ok(()),
    }
}

async fn seed(claims: u32) -> anyhow::Result<()> {
    let app = App::build(Config::load(None)?, Seams::default()).await?;
    demo::seed(&app).await?;
    let unit = unit::Entity::find().one(app.db.read()).await?.ok_or_else(|| anyhow::anyhow!("the city has no unit"))?;
    let plans: Vec<Uuid> = plan::Entity::find()
        .all(app.db.read())
        .await?
        .into_iter()
        .filter(|plan| PLANS.contains(&plan.code.as_str()))
        .map(|plan| plan.id)
        .collect();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut left = claims;
    while left > 0 {
        let txn = app.db.begin().await?;
        for _ in 0..left.min(DRAFTS_A_COMMIT) {
            let (member_id, claim) = draft(&txn, &app, &unit, &plans).await?;
            writeln!(out, "{} {} {}", token(&app, member_id)?, claim.id, claim.version)?;
        }
        txn.commit().await?;
        left = left.saturating_sub(DRAFTS_A_COMMIT);
    }
    out.flush()?;
    Ok(())
}

/// A member with cover and a draft of a stay of eight days that ended ten days ago.
async fn draft(
    txn: &DatabaseTransaction,
    app: &App,
    unit: &unit::Model,
    plans: &[Uuid],
) -> anyhow::Result<(Uuid, claim::Model)> {
    let (id, now, sealer) = (app.ids.next(), app.clock.now(), &app.sealer);
    // Not a number of anybody: only its hash must be the member's own.
    let number = id.simple().to_string();
    let row = member::ActiveModel {
        id: Set(id),
        unit_id: Set(unit.id),
        name_sealed: Set(sealer.seal(Field::Name, "压测会员")?),
        national_id_sealed: Set(sealer.seal(Field::NationalId, &number)?),
        national_id_lookup: Set(sealer.lookup(Field::NationalId, &number)),
        phone_sealed: Set(sealer.seal(Field::Phone, &number)?),
        phone_lookup: Set(sealer.lookup(Field::Phone, &number)),
        language: Set("zh-CN".to_owned()),
        version: Set(1),
        created_at_ms: Set(now),
    };
    member::Entity::insert(row).exec_without_returning(txn).await?;
    let today = now.date();
    let cover = plans.iter().map(|plan_id| enrolment::ActiveModel {
        id: Set(app.ids.next()),
        member_id: Set(id),
        plan_id: Set(*plan_id),
        plan_version_id: Set(None),
        unit_id: Set(Some(unit.id)),
        shares: Set(1),
        starts_on: Set(today - Duration::days(300)),
        ends_on: Set(None),
        renewal: Set(true),
        created_at_ms: Set(now),
    });
    enrolment::Entity::insert_many(cover).exec_without_returning(txn).await?;
    let path = organisations::path_of_member(txn, id).await.map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let claim = claim::ActiveModel {
        id: Set(app.ids.next()),
        member_id: Set(id),
        origin: Set(Origin::MemberApp),
        state: Set(ClaimState::Draft),
        version: Set(1),
        declaration_sealed: Set(stay(today, &number).seal(app).map_err(|problem| anyhow::anyhow!("{problem}"))?),
        event_lookup: Set(None),
        serial_lookup: Set(None),
        organisation_path: Set(path.unwrap_or_default()),
        review_level: Set(None),
        reviewer_id: Set(None),
        last_reviewer_id: Set(None),
        created_at_ms: Set(now),
        updated_at_ms: Set(now),
        submitted_at_ms: Set(None),
        accepted_at_ms: Set(None),
        due_on: Set(None),
        awaits_card: Set(false),
    };
    let claim = claim::Entity::insert(claim).exec_with_returning(txn).await?;
    record_start(txn, &claim, By::member(id), Text::fixed("已新建草稿", "A draft was begun"))
        .await
        .map_err(|problem| anyhow::anyhow!("{problem}"))?;
    for kind in ["settlement_sheet", "id_card"] {
        document(txn, app, &claim, kind).await?;
    }
    Ok((id, claim))
}

fn stay(today: Date, serial: &str) -> Declaration {
    let (starts_on, ends_on) = (today - Duration::days(18), today - Duration::days(10));
    Declaration {
        event: Some(EventKind::HospitalStay),
        starts_on: Some(starts_on),
        ends_on: Some(ends_on),
        hospital_name: Some("样本市第一医院".to_owned()),
        hospital_grade: Some(3),
        settlement_serial: Some(serial.to_owned()),
        settlements: vec![Settlement { starts_on, ends_on, self_pay_one_fen: Fen::new(800_000) }],
        ..Declaration::default()
    }
}

/// A document as its check leaves it, without bytes in the object store: a submission looks at its row alone.
async fn document(txn: &DatabaseTransaction, app: &App, claim: &claim::Model, kind: &str) -> anyhow::Result<()> {
    let sql = "insert into document (id, claim_id, kind, state, size_bytes, declared_sha256, original_sha256, orientation, set_id, \
               uploaded_by, version, created_at_ms, updated_at_ms) values ($1, $2, $3, 'clean', 800000, $4, $5, 1, $6, $7, 4, $8, $9)";
    let (hash, at) = (vec![0xab_u8; 32], claim.created_at_ms);
    let values = [
        app.ids.next().into(),
        claim.id.into(),
        kind.into(),
        hash.clone().into(),
        hash.into(),
        app.ids.next().into(),
        claim.member_id.into(),
        at.into(),
        at.into(),
    ];
    txn.execute_raw(Statement::from_sql_and_values(txn.get_database_backend(), sql, values)).await?;
    Ok(())
}

fn token(app: &App, member_id: Uuid) -> anyhow::Result<String> {
    let grantee = Grantee {
        actor: Actor::Member,
        subject_id: member_id,
        client_id: "huzhu-app",
        roles: &[Role::Member],
        proved_at: app.clock.now(),
        acr: "phone_otp",
        session_id: Some(app.ids.next()),
    };
    Ok(grants::access_only(app, &grantee).map_err(|problem| anyhow::anyhow!("{problem}"))?.access_token)
}

async fn bare(listen: SocketAddr, url: &str) -> anyhow::Result<()> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(16).sqlx_logging(false).test_before_acquire(false);
    let database = Arc::new(Database::connect(options).await?);
    let server = HttpServer::new(move || {
        ActixApp::new().app_data(web::Data::from(database.clone())).route("/status/{id}", web::get().to(status))
    });
    server.bind(listen)?.run().await?;
    Ok(())
}

async fn status(
    database: web::Data<DatabaseConnection>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, actix_web::Error> {
    let rows = async |sql: &str| {
        let statement = Statement::from_sql_and_values(database.get_database_backend(), sql, [(*id).into()]);
        database.query_all_raw(statement).await.map_err(actix_web::error::ErrorInternalServerError)
    };
    let claim = rows("select * from claim where id = $1").await?;
    let claim = claim.first().ok_or_else(|| actix_web::error::ErrorNotFound("no such claim"))?;
    let state: String = claim.try_get("", "state").map_err(actix_web::error::ErrorInternalServerError)?;
    let events = rows("select * from event where claim_id = $1").await?.len();
    let documents = rows("select * from document where claim_id = $1").await?.len();
    Ok(HttpResponse::Ok()
        .json(serde_json::json!({"id": id.to_string(), "state": state, "events": events, "documents": documents})))
}
