//! A small city: one tree, one unit, two members, and staff of every kind.

use std::sync::Arc;

use huzhu::app::App;
use huzhu::http::Role;
use huzhu::identity::device::DeviceProof;
use huzhu::identity::rows::session;
use huzhu::identity::staff_accounts::{self, NewStaff};
use huzhu::identity::{grants, sessions};
use huzhu::kernel::clock::Moment;
use huzhu::kernel::seal::Field;
use huzhu::members::rows::{member, service_card};
use huzhu::organisations::Level;
use huzhu::organisations::rows::{organisation, unit};
use huzhu::plans::rows::{enrolment, plan};
use huzhu::plans::{self, PlanDocument};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::TestApp;

/// Somebody who can ask.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: Uuid,
    pub roles: Vec<Role>,
    pub card_number: String,
}

impl Person {
    fn is_member(&self) -> bool {
        self.roles == [Role::Member]
    }
}

/// Who lives and works there.
pub struct City {
    pub city_id: Uuid,
    pub member: Person,
    pub other_member: Person,
    pub reviewer: Person,
    pub district_reviewer: Person,
    pub elsewhere_reviewer: Person,
    pub maker: Person,
    pub checker: Person,
    pub auditor: Person,
    pub plan_editor: Person,
    pub liaison: Person,
}

impl City {
    pub async fn found(app: &Arc<App>) -> Self {
        let [city_id, district_id, grassroots_id, elsewhere_id, unit_id] = std::array::from_fn(|_| app.ids.next());
        let root = format!("/{city_id}/");
        add_organisation(app, city_id, None, Level::City, "样本市总工会", root.clone()).await;
        let district = format!("{root}{district_id}/");
        add_organisation(app, district_id, Some(city_id), Level::District, "东区总工会", district.clone()).await;
        let elsewhere = format!("{root}{elsewhere_id}/");
        add_organisation(app, elsewhere_id, Some(city_id), Level::District, "西区总工会", elsewhere).await;
        let path = format!("{district}{grassroots_id}/");
        add_organisation(app, grassroots_id, Some(district_id), Level::Grassroots, "样本厂工会", path).await;
        let row = unit::ActiveModel {
            id: Set(unit_id),
            organisation_id: Set(grassroots_id),
            name: Set("样本机械厂".to_owned()),
            credit_code: Set("91110000SAMPLE0001".to_owned()),
            created_at_ms: Set(app.clock.now()),
        };
        unit::Entity::insert(row).exec_without_returning(app.db.write()).await.unwrap();
        let member = add_member(app, unit_id, "王芳", "11010519491231002X", "13800138000", "6222021234567890128").await;
        let other_member =
            add_member(app, unit_id, "李强", "110101199003070775", "13900139000", "6222021234567890136").await;
        enrol(app, &[member.id, other_member.id]).await;
        let staff = async |login: &str, organisation_id: Uuid, role: Role| {
            let unit_id = (role == Role::Liaison).then_some(unit_id);
            let txn = app.db.begin().await.unwrap();
            let new = NewStaff { login, display_name: login, organisation_id, unit_id, roles: &[role] };
            let id = staff_accounts::create(&txn, app, &new).await.unwrap();
            txn.commit().await.unwrap();
            Person { id, roles: vec![role], card_number: String::new() }
        };
        Self {
            reviewer: staff("reviewer", grassroots_id, Role::Reviewer).await,
            district_reviewer: staff("district_reviewer", district_id, Role::Reviewer).await,
            elsewhere_reviewer: staff("elsewhere_reviewer", elsewhere_id, Role::Reviewer).await,
            maker: staff("maker", city_id, Role::PayoutMaker).await,
            checker: staff("checker", city_id, Role::PayoutChecker).await,
            auditor: staff("auditor", city_id, Role::Auditor).await,
            plan_editor: staff("plan_editor", city_id, Role::PlanEditor).await,
            liaison: staff("liaison", grassroots_id, Role::Liaison).await,
            city_id,
            member,
            other_member,
        }
    }
}

impl TestApp {
    /// A fresh access token, as if the person had just signed in.
    pub async fn token(&self, person: &Person) -> String {
        let secret = huzhu::kernel::secret::Secret::new("0".repeat(43));
        let device = DeviceProof { id: "test-device-0001".to_owned(), secret };
        let member = person.is_member();
        let new = sessions::NewSession {
            actor: if member { session::Actor::Member } else { session::Actor::Staff },
            subject_id: person.id,
            client_id: "huzhu-app",
            acr: "test",
            device: &device,
            device_name: None,
            idle_secs: 900,
            life_secs: 8 * 3600,
        };
        let (row, refresh) = sessions::open(self.app.db.write(), &self.app, new).await.unwrap();
        grants::for_session(&self.app, &row, &person.roles, &refresh).unwrap().access_token
    }
}

async fn add_organisation(app: &App, id: Uuid, parent_id: Option<Uuid>, level: Level, name: &str, path: String) {
    let row = organisation::ActiveModel {
        id: Set(id),
        parent_id: Set(parent_id),
        level: Set(level),
        name: Set(name.to_owned()),
        path: Set(path),
        created_at_ms: Set(app.clock.now()),
    };
    organisation::Entity::insert(row).exec_without_returning(app.db.write()).await.unwrap();
}

/// Adds a member with a service card that is usable at once.
pub async fn add_member(app: &App, unit_id: Uuid, name: &str, national_id: &str, phone: &str, card: &str) -> Person {
    super::logs::mark(&[name, national_id, phone, card]);
    let (id, sealer) = (app.ids.next(), &app.sealer);
    let row = member::ActiveModel {
        id: Set(id),
        unit_id: Set(unit_id),
        name_sealed: Set(sealer.seal(Field::Name, name).unwrap()),
        national_id_sealed: Set(sealer.seal(Field::NationalId, national_id).unwrap()),
        national_id_lookup: Set(sealer.lookup(Field::NationalId, national_id)),
        phone_sealed: Set(sealer.seal(Field::Phone, phone).unwrap()),
        phone_lookup: Set(sealer.lookup(Field::Phone, phone)),
        language: Set("zh-CN".to_owned()),
        version: Set(1),
        created_at_ms: Set(app.clock.now()),
    };
    member::Entity::insert(row).exec_without_returning(app.db.write()).await.unwrap();
    let row = service_card::ActiveModel {
        id: Set(app.ids.next()),
        member_id: Set(id),
        card_version: Set(1),
        number_sealed: Set(sealer.seal(Field::CardNumber, card).unwrap()),
        number_lookup: Set(sealer.lookup(Field::CardNumber, card)),
        number_tail: Set(card[card.len() - 4..].to_owned()),
        holder_name_sealed: Set(sealer.seal(Field::Name, name).unwrap()),
        state: Set(service_card::CardState::Active),
        usable_from_ms: Set(Moment::EPOCH),
        created_at_ms: Set(app.clock.now()),
    };
    service_card::Entity::insert(row).exec_without_returning(app.db.write()).await.unwrap();
    Person { id, roles: vec![Role::Member], card_number: card.to_owned() }
}

/// Loads the sample plans and enrols the members in the free one, from 2026-01-01.
async fn enrol(app: &App, members: &[Uuid]) {
    for (file, text) in plans::SAMPLES {
        let document = PlanDocument::from_toml(file, text).unwrap();
        plans::load(app.db.write(), app, &document).await.unwrap();
    }
    let free = plan::Entity::find().filter(plan::Column::Code.eq("second_reimbursement")).one(app.db.read()).await;
    let plan_id = free.unwrap().unwrap().id;
    let rows = members.iter().map(|member_id| enrolment::ActiveModel {
        id: Set(app.ids.next()),
        member_id: Set(*member_id),
        plan_id: Set(plan_id),
        plan_version_id: Set(None),
        unit_id: Set(None),
        shares: Set(1),
        starts_on: Set(time::macros::date!(2026 - 01 - 01)),
        ends_on: Set(None),
        renewal: Set(true),
        created_at_ms: Set(app.clock.now()),
    });
    enrolment::Entity::insert_many(rows).exec_without_returning(app.db.write()).await.unwrap();
}
