//! From nothing to somebody who signs in, with the commands that a start names.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use huzhu::identity::totp;
use huzhu::kernel::clock::{Clock, SystemClock};
use serde_json::json;

use super::machine::Machine;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[actix_web::test]
async fn the_first_operator_signs_in() {
    let machine = Machine::new().await;
    let add = ["staff", "add", "Li.Na", "--name", "李娜", "--role", "auditor"];
    let early = machine.run(&add).await;
    assert!(early.code != 0 && early.err.contains("huzhu organisations add"), "{early:?}");

    machine.run(&["organisations", "add", "样本市总工会", "--level", "city"]).await.ok();
    let added = machine.run(&add).await;
    let (password, authenticator) = (added.value("password"), added.value("authenticator"));
    let secret = authenticator.split(['?', '&']).find_map(|part| part.strip_prefix("secret=")).unwrap().to_owned();
    added.ok();

    assert_eq!((mode(&machine.data), mode(&machine.data.join("keys"))), (0o700, 0o700));
    let keys: Vec<_> = std::fs::read_dir(machine.data.join("keys")).unwrap().map(|entry| entry.unwrap()).collect();
    assert!(keys.len() >= 3 && keys.iter().all(|key| mode(&key.path()) == 0o600), "{keys:?}");

    let service = machine.start(&["run"]).await;
    let body = json!({
        "login": "li.na",
        "password": password,
        "totp_code": totp::code_at(&secret, totp::step_of(SystemClock.now())).unwrap(),
        "device_id": "operator-device-1",
        "device_secret": "0".repeat(43),
    });
    let client = crate::support::browser();
    let answer = client.post(format!("{}/v1/sign-in/staff", service.base)).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    let said = service.stop().await.out;
    assert!(said.contains("huzhu organisations add NAME --level city") && said.contains("huzhu staff add"), "{said}");
}

#[actix_web::test]
async fn the_tree_has_one_root_and_three_levels() {
    let machine = Machine::new().await;
    let add = async |name: &str, more: &[&str]| {
        machine.run(&[&["organisations", "add", name, "--level"], more].concat()).await
    };
    assert!(add("无市的区", &["district"]).await.err.contains("below the city"));
    let city = add("样本市总工会", &["city"]).await.value("organisation id");
    assert!(add("另一市", &["city"]).await.err.contains("serves one"));
    let district = add("东区总工会", &["district"]).await.value("organisation id");
    assert!(add("越级", &["grassroots", "--parent", &city]).await.err.contains("below a district"));
    assert!(add(" ", &["grassroots", "--parent", &district]).await.err.contains("a name"));
    let grassroots = add("样本厂工会", &["grassroots", "--parent", &district]).await.value("organisation id");
    let list = machine.run(&["organisations", "list"]).await.ok();
    let levels: Vec<_> = list.lines().skip(1).map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    assert_eq!(levels, ["city", "district", "grassroots"]);

    let unit = ["organisations", "add-unit", "样本机械厂", "--organisation", &grassroots, "--credit-code"];
    let short = machine.run(&[&unit[..], &["9111"]].concat()).await;
    assert!(short.err.contains("18 digits"), "{short:?}");
    let unit = machine.run(&[&unit[..], &["91110000SAMPLE0001"]].concat()).await.value("unit id");
    assert!(machine.run(&["organisations", "units"]).await.ok().contains(&unit));
    machine.run(&["staff", "add", "liaison", "--name", "联络员", "--role", "liaison", "--unit", &unit]).await.ok();
    assert!(machine.run(&["staff", "list"]).await.ok().contains("样本厂工会"), "the unit's organisation");
}
