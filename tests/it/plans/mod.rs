//! Plans and cover over HTTP, and what the database refuses.

use huzhu::assessment::EventKind;
use huzhu::demo::{Credentials, seed};
use huzhu::kernel::seal::Field;
use huzhu::plans::{self, LoadError, Loaded, PlanDocument, SAMPLES};
use reqwest::Method;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use time::macros::date;
use uuid::Uuid;

use crate::support::{Person, TestApp};

async fn seeded() -> (TestApp, Person) {
    let test = TestApp::start().await;
    seed(&test.app).await.unwrap();
    let member = Credentials::read(&test.app.config.data_dir).unwrap().members[0].clone();
    let lookup = test.app.sealer.lookup(Field::Phone, &member.phone);
    let row = huzhu::members::rows::member::Entity::find()
        .filter(huzhu::members::rows::member::Column::PhoneLookup.eq(lookup))
        .one(test.app.db.read())
        .await
        .unwrap()
        .unwrap();
    let roles = test.city.member.roles.clone();
    (test, Person { id: row.id, roles, card_number: member.card_number })
}

#[actix_web::test]
async fn anybody_reads_the_plans_and_their_versions() {
    let (test, _) = seeded().await;
    let list = test.anonymous(Method::GET, "/v1/plans").send().await.ok(200);
    let codes: Vec<_> =
        list.body["items"].as_array().unwrap().iter().map(|item| item["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["hospital_allowance", "hospital_medical", "second_reimbursement"]);
    assert_eq!((list.text("/items/2/version"), list.text("/items/1/verified")), ("2017".into(), "false".into()));

    let plan = test.anonymous(Method::GET, "/v1/plans/hospital_medical").send().await.ok(200);
    assert_eq!((plan.text("/versions/0/version"), plan.text("/versions/1/version")), ("2025".into(), "2020".into()));
    assert_eq!(plan.text("/versions/1/ends_on"), "2024-12-31");
    assert_eq!(plan.body["versions"][0].get("ends_on"), None);
    assert_eq!(
        plan.body.pointer("/versions/0/rules/rule/0/benefit/ratio_over_deductible/tiers/0/ratio_basis_points"),
        Some(&5_000.into())
    );
    for path in ["/v1/plans/nothing", "/v1/plans/Nothing%20here"] {
        test.anonymous(Method::GET, path).send().await.refused(404, "not_found");
    }
    test.stop().await;
}

#[actix_web::test]
async fn a_member_sees_their_own_cover() {
    let (test, member) = seeded().await;
    let cover = test.get(&member, "/v1/me/cover").await.ok(200);
    let items = cover.body["items"].as_array().unwrap();
    let in_cover: Vec<_> =
        items.iter().filter(|item| item["in_cover"] == true).map(|item| item["plan_code"].as_str().unwrap()).collect();
    assert_eq!(in_cover, ["hospital_allowance", "hospital_medical", "second_reimbursement"]);
    assert_eq!(test.get(&test.city.member, "/v1/me/cover").await.ok(200).body["items"].as_array().unwrap().len(), 1);
    test.anonymous(Method::GET, "/v1/me/cover").send().await.refused(401, "unauthenticated");
    test.get(&test.city.reviewer, "/v1/me/cover").await.refused(403, "forbidden");
    test.stop().await;
}

#[actix_web::test]
async fn the_day_of_the_event_chooses_enrolment_and_version() {
    let (test, member) = seeded().await;
    let found = async |kind, day| -> Vec<(String, String)> {
        let plans =
            plans::that_may_pay(test.app.db.read(), &test.app.plan_documents, member.id, kind, day).await.unwrap();
        plans.into_iter().map(|plan| (plan.document.plan.clone(), plan.document.version.clone())).collect()
    };
    let version = |plan: &str, version: &str| (plan.to_owned(), version.to_owned());
    assert_eq!(
        found(EventKind::HospitalStay, date!(2026 - 10 - 12)).await,
        [
            version("hospital_allowance", "2016"),
            version("hospital_medical", "2025"),
            version("second_reimbursement", "2017")
        ]
    );
    // The version of the plan for hospital costs changed on 1 January 2025.
    assert!(found(EventKind::HospitalStay, date!(2024 - 12 - 31)).await.contains(&version("hospital_medical", "2020")));
    assert_eq!(found(EventKind::HospitalStay, date!(2023 - 12 - 31)).await, []);
    assert_eq!(found(EventKind::Accident, date!(2026 - 10 - 12)).await, []);
    let every = plans::every_enrolment(test.app.db.read(), &test.app.plan_documents, member.id, date!(2023 - 12 - 31))
        .await
        .unwrap();
    assert!(!every.is_empty() && every.iter().all(|plan| !plan.is_in_cover(date!(2023 - 12 - 31))));
    assert!(
        plans::that_may_pay(
            test.app.db.read(),
            &test.app.plan_documents,
            Uuid::nil(),
            EventKind::HospitalStay,
            date!(2026 - 10 - 12)
        )
        .await
        .unwrap()
        .is_empty()
    );
    test.stop().await;
}

#[actix_web::test]
async fn a_version_is_superseded_and_never_edited() {
    let test = TestApp::start().await;
    let (file, text) = SAMPLES[1];
    let document = PlanDocument::from_toml(file, text).unwrap();
    let txn = test.app.db.begin().await.unwrap();
    let Loaded::Present(id) = plans::load(&txn, &test.app, &document).await.unwrap() else { panic!("the city has it") };
    assert_eq!(plans::load(&txn, &test.app, &document).await.unwrap(), Loaded::Present(id));
    let mut edited = document.clone();
    edited.verified = false;
    assert!(matches!(plans::load(&txn, &test.app, &edited).await, Err(LoadError::Edited { .. })));
    edited.version = "2017b".to_owned();
    assert!(matches!(plans::load(&txn, &test.app, &edited).await, Err(LoadError::SameStart { .. })));
    edited.starts_on = date!(2027 - 01 - 01);
    assert!(matches!(plans::load(&txn, &test.app, &edited).await, Ok(Loaded::Added(_))));
    edited.version = "2028".to_owned();
    edited.funding = plans::Funding::ByShare;
    assert!(matches!(plans::load(&txn, &test.app, &edited).await, Err(LoadError::OtherFunding { .. })));
    txn.commit().await.unwrap();
    for refused in ["update plan_version set verified = false", "delete from plan_version"] {
        assert!(test.execute(refused).await.is_err(), "{refused}");
    }
    assert_eq!(test.count("select count(*) from plan_version").await, 7);
    let plan = test.anonymous(Method::GET, "/v1/plans/second_reimbursement").send().await.ok(200);
    assert_eq!(
        (plan.text("/versions/0/version"), plan.text("/versions/1/ends_on")),
        ("2017b".into(), "2026-12-31".into())
    );
    assert_eq!(test.anonymous(Method::GET, "/v1/plans").send().await.ok(200).text("/items/2/version"), "2017");
    test.stop().await;
}
