//! The canary: whole journeys with values that must not come up again. Afterwards all logs, and every table, are searched for them.

use huzhu::http::Role;
use huzhu::identity::staff_accounts::{self, NewStaff};
use huzhu::identity::{sms, totp};
use huzhu::kernel::clock::Clock;
use huzhu::kernel::secret::Secret;
use reqwest::Method;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::claims;
use crate::payouts::scene::Scene;
use crate::support::{Got, TestApp, logs};

const NATIONAL_ID: &str = "11010519491231002X";
const PHONE: &str = "13800138000";
const NAME: &str = "王芳";
const NEW_CARD: &str = "6228480012345678911";
const DIAGNOSIS: &str = "结核性脑膜炎";
const PASSWORD: &str = "marked horse battery";
const DEVICE_SECRET: &str = "marked-device-secret-0123456789-0123456789-01";
const CONTROL: &str = "the canary sings";

#[actix_web::test]
async fn nothing_personal_and_no_secret_is_logged_or_stands_clear_in_a_table() {
    logs::listen();
    let scene = Scene::start().await;
    let member = scene.app.city.member.clone();
    let mut marks: Vec<String> =
        [NATIONAL_ID, NAME, NEW_CARD, DIAGNOSIS, PASSWORD, DEVICE_SECRET, PHONE, &member.card_number]
            .map(str::to_owned)
            .to_vec();
    marks.extend(sign_in(&scene.app, PHONE).await);
    marks.extend(staff_sign_in(&scene.app).await);
    declare(&scene.app).await;
    send_nonsense(&scene.app).await;
    let granted = scene.grant(&member, &[100_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    scene.close_day().await;
    scene.app.get(&scene.app.city.maker, &format!("/v1/payouts/{}", granted.payout_id)).await.ok(200);
    change_card(&scene.app).await;
    scene.app.run_jobs().await;
    tracing::debug!("{CONTROL}");

    let logged = logs::heard();
    assert!(logged.contains(CONTROL) && logged.contains("http.route"), "the canary hears nothing");
    let heard: Vec<&str> = logged.lines().filter(|line| marks.iter().any(|mark| line.contains(mark))).collect();
    assert_eq!(heard, [""; 0], "logged");
    let tables = dump(&scene.app).await;
    assert!(tables.iter().any(|(table, cells)| table == "member" && !cells.is_empty()), "the dump holds nothing");
    let mut found = Vec::new();
    for (table, cells) in &tables {
        let bytes = cells.to_lowercase();
        found.extend(
            marks
                .iter()
                .filter(|mark| cells.contains(*mark) || bytes.contains(&hex::encode(mark)))
                .map(|mark| format!("{table}: {mark}")),
        );
    }
    assert_eq!(found, [""; 0], "clear in a table");
    scene.stop().await;
}

/// A member signs in, makes mistakes, renews and signs out; answers the tokens.
async fn sign_in(app: &TestApp, phone: &str) -> Vec<String> {
    let device = "canary-device-1";
    let asked = json!({ "phone": phone, "device_id": device });
    let asked = app.anonymous(Method::POST, "/v1/sign-in/otp").json(&asked).send().await.ok(202);
    app.run_jobs().await;
    let message = sms::delivered_to(&app.app, phone, 1).await.unwrap();
    let code: String = message[0].reveal().chars().filter(char::is_ascii_digit).take(6).collect();
    let verify = |code: &str| {
        let challenge_id = asked.text("/challenge_id");
        json!({ "challenge_id": challenge_id, "code": code, "device_id": device, "device_secret": DEVICE_SECRET, "device_name": NAME })
    };
    let path = "/v1/sign-in/otp/verify";
    app.anonymous(Method::POST, path).json(&verify("000000")).send().await;
    let granted = app.anonymous(Method::POST, path).json(&verify(&code)).send().await.ok(200);
    let (access, refresh) = (granted.text("/access_token"), granted.text("/refresh_token"));
    let renewed = fetch(app, &refresh, device, DEVICE_SECRET).await.ok(200);
    fetch(app, &refresh, device, &"x".repeat(43)).await.ok(400);
    for path in ["/v1/me", "/v1/me/sessions", "/v1/me/notices"] {
        app.anonymous(Method::GET, path).header("authorization", &format!("Bearer {access}")).send().await;
    }
    vec![access, refresh, renewed.text("/access_token"), renewed.text("/refresh_token")]
}

async fn fetch(app: &TestApp, token: &str, device_id: &str, secret: &str) -> Got {
    let form = format!("grant_type=refresh_token&refresh_token={token}&device_id={device_id}&device_secret={secret}");
    let ask = app.anonymous(Method::POST, "/v1/oauth/token");
    ask.header("content-type", "application/x-www-form-urlencoded").body(form.into_bytes()).send().await
}

/// Somebody of the staff signs in; answers the tokens and the secret of their one-time passwords.
async fn staff_sign_in(app: &TestApp) -> Vec<String> {
    let txn = app.app.db.begin().await.unwrap();
    let roles = [Role::Auditor];
    let organisation_id = app.city.city_id;
    let new = NewStaff { login: "canary", display_name: "审计员", organisation_id, unit_id: None, roles: &roles };
    let id = staff_accounts::create(&txn, &app.app, &new).await.unwrap();
    let password = Secret::new(PASSWORD.to_owned());
    let secret = staff_accounts::set_credentials(&txn, &app.app, id, "canary", password).await.unwrap();
    txn.commit().await.unwrap();
    let code = totp::code_at(secret.reveal(), totp::step_of(app.clock.now())).unwrap();
    let body = |code: &str| json!({ "login": "canary", "password": PASSWORD, "totp_code": code, "device_id": "canary-device-2", "device_secret": DEVICE_SECRET });
    let path = "/v1/sign-in/staff";
    app.anonymous(Method::POST, path).json(&body("000000")).send().await;
    let granted = app.anonymous(Method::POST, path).json(&body(&code)).send().await.ok(200);
    vec![secret.reveal().clone(), granted.text("/access_token"), granted.text("/refresh_token")]
}

/// The member declares an event with photographs; a reviewer looks, takes and decides.
async fn declare(app: &TestApp) {
    let (member, reviewer) = (&app.city.member, &app.city.reviewer);
    let mut declaration = claims::stay(app);
    declaration["diagnosis"] = json!(DIAGNOSIS);
    let (id, got) = claims::submitted(app, member, &declaration).await;
    let version = got.ok(200).version();
    let path = format!("/v1/claims/{id}");
    for path in [path.clone(), format!("{path}/estimate"), format!("{path}/explanation"), format!("{path}/timeline")] {
        app.get(member, &path).await;
    }
    let review = format!("/v1/reviews/{id}");
    let taken = app.post_at(reviewer, &format!("{review}/take"), version, &Value::Null).await.ok(200);
    app.get(reviewer, &review).await.ok(200);
    let ask = json!({ "items": [{ "kind": "diagnosis", "detail": { "zh": format!("请补充{DIAGNOSIS}的诊断证明"), "en": DIAGNOSIS } }] });
    app.post_at(reviewer, &format!("{review}/ask"), taken.version(), &ask).await.ok(200);
    let asked = app.get(member, &path).await.ok(200);
    assert_eq!(asked.text("/supplement/items/0/detail/en"), DIAGNOSIS, "the member reads it all the same");
    let answers = json!({ "answers": [{ "item": 0, "given": false, "remark": DIAGNOSIS }] });
    let answered = app.post_at(member, &format!("{path}/answer"), asked.version(), &answers).await.ok(200);
    app.run_jobs().await;
    let taken = app.post_at(reviewer, &format!("{review}/take"), answered.version(), &Value::Null).await.ok(200);
    let decision = json!({ "outcome": "approved", "reason_code": "as_assessed", "remark": DIAGNOSIS });
    app.post_at(reviewer, &format!("{review}/decide"), taken.version(), &decision).await.ok(200);
}

/// The member changes their card, with a wrong digit first.
async fn change_card(app: &TestApp) {
    let person = &app.city.member;
    let version = app.get(person, "/v1/me/card").await.ok(200).version();
    for (number, status) in [(format!("{NEW_CARD}0"), 422), (NEW_CARD.to_owned(), 200)] {
        let ask = app.ask(person, Method::PUT, "/v1/me/card").await.if_match(version);
        ask.json(&json!({ "number": number })).send().await.ok(status);
    }
}

/// Personal values where they do not belong: in paths, queries, headers, wrong fields and broken JSON.
async fn send_nonsense(app: &TestApp) {
    let person = &app.city.member;
    for path in [
        format!("/v1/claims/{NATIONAL_ID}"),
        format!("/v1/{NATIONAL_ID}"),
        format!("/v1/me/notices?cursor={NATIONAL_ID}"),
        format!("/v1/me/notices?{NATIONAL_ID}=1"),
        format!("/v1/me/sessions/{NEW_CARD}"),
    ] {
        app.get(person, &path).await;
    }
    for body in [
        json!({ "id": NATIONAL_ID, "declaration": NAME }),
        json!({ "id": [NEW_CARD], "declaration": { "event": DIAGNOSIS } }),
        json!({ "number": { "card": NEW_CARD } }),
        json!({ "phone": NATIONAL_ID, "device_id": NAME }),
    ] {
        for path in ["/v1/claims", "/v1/sign-in/otp", "/v1/sign-in/staff", "/v1/sign-in/otp/verify"] {
            app.post(person, path, &body).await;
        }
    }
    let broken = format!("{{\"phone\": \"{NATIONAL_ID}\", {NAME}").into_bytes();
    let ask = app.anonymous(Method::POST, "/v1/sign-in/otp").header("content-type", "application/json");
    ask.body(broken).send().await.ok(400);
    let ask = app.anonymous(Method::GET, "/v1/me").header("authorization", &format!("Bearer {NATIONAL_ID}"));
    ask.header("x-request-id", NATIONAL_ID).header("accept-language", NATIONAL_ID).send().await.ok(401);
}

/// Every table as text; bytes in hexadecimal.
async fn dump(app: &TestApp) -> Vec<(String, String)> {
    let connection = app.app.db.read();
    let sqlite = app.app.db.is_sqlite();
    let column = async |sql: String| -> Vec<String> {
        let statement = Statement::from_string(connection.get_database_backend(), format!("/* test */ {sql}"));
        let rows = connection.query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index::<Option<String>>(0).unwrap().unwrap_or_default()).collect()
    };
    let tables = if sqlite {
        "select name from sqlite_master where type = 'table'"
    } else {
        "select tablename::text from pg_tables where schemaname = 'public'"
    };
    let mut dumped = Vec::new();
    for table in column(tables.to_owned()).await {
        let mut cells = String::new();
        if sqlite {
            for name in column(format!("select name from pragma_table_info('{table}')")).await {
                cells += &column(format!("select quote(\"{name}\") from \"{table}\"")).await.join("\n");
            }
        } else {
            cells = column(format!("select t::text from \"{table}\" t")).await.join("\n");
        }
        dumped.push((table, cells));
    }
    dumped
}
