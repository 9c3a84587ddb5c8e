//! `huzhu demo` without a running service: it starts its own, plays the claim that it is given, and leaves nothing behind.

use std::fs;
use std::net::TcpListener;

use huzhu::kernel::clock::{Clock, SystemClock, iso_date};
use serde_json::{Value, json};

use super::machine::{Machine, Ran};

/// A machine whose temporary folder is its own, and the path of that folder.
async fn machine() -> (Machine, std::path::PathBuf) {
    let mut machine = Machine::new().await;
    let folder = machine.directory.path().join("tmp");
    fs::create_dir(&folder).unwrap();
    machine.set("TMPDIR", folder.to_str().unwrap());
    (machine, folder)
}

/// What it said, line by line.
fn lines(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

#[actix_web::test]
async fn a_claim_with_photos_and_facts_of_ones_own_is_paid() {
    let (machine, folder) = machine().await;
    // The sample's facts as of lately: a claim has its time limit.
    let mut facts: Value = serde_json::from_slice(&fs::read("samples/facts.json").unwrap()).unwrap();
    let today = SystemClock.now();
    for (key, days_ago) in [("starts_on", 20), ("ends_on", 12)] {
        facts["event"][key] = iso_date::text(today.plus_secs(-days_ago * 24 * 60 * 60).date()).into();
    }
    facts["event"]["hospital_name"] = "另一家样本医院".into();
    let file = machine.directory.path().join("facts.json");
    fs::write(&file, facts.to_string()).unwrap();

    let arguments = ["demo", "--json", "--facts", file.to_str().unwrap()];
    let photos = ["samples/e-bill.jpg", "samples/id-card-specimen.jpg", "samples/settlement-sheet.jpg"];
    let ran = machine.run(&[&arguments[..], &photos[..]].concat()).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let told = lines(&ran);
    let of =
        |scene: &str| told.iter().filter(|line| line["scene"] == scene).map(|line| &line["data"]).collect::<Vec<_>>();
    let declared = told.iter().find(|line| line["scene"] == "declare").unwrap();
    assert!(declared["zh"].as_str().unwrap().contains("另一家样本医院"), "{declared}");
    let kinds: Vec<_> = of("upload").into_iter().map(|data| data["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["bill", "id_card", "settlement_sheet"], "by the names of the files");
    assert_eq!(of("verify")[0]["clean"], true, "{told:?}");
    assert_eq!(told.last().unwrap()["data"], json!({"paid": 1, "of": 1, "verify_clean": true}));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "its own server's folder is left behind");
    assert!(!machine.data.exists(), "it played in the machine's own data directory");
}

#[actix_web::test]
async fn a_claim_that_comes_to_nothing_is_a_failure() {
    let (machine, folder) = machine().await;
    let file = machine.directory.path().join("bill.jpg");
    fs::write(&file, "no picture ".repeat(100)).unwrap();
    let ran = machine.run(&["demo", "--json", file.to_str().unwrap()]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let told = lines(&ran);
    let trouble = told.iter().find(|line| line["scene"] == "trouble").unwrap_or_else(|| panic!("{told:?}"));
    assert!(trouble["error"].as_str().unwrap().contains("bill.jpg was refused"), "{trouble}");
    assert_eq!(told.last().unwrap()["data"], json!({"paid": 0, "of": 1, "verify_clean": true}));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "its own server's folder is left behind");
}

#[actix_web::test]
async fn what_can_not_be_played_is_said_before_a_server_is_started() {
    let (machine, folder) = machine().await;
    let nobody = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    for (arguments, says) in [
        (&["no-such.jpg"][..], "no-such.jpg: No such file"),
        (&["--facts", "no-such.json"][..], "no-such.json: No such file"),
        (&["--facts", "samples/README.md"][..], "the facts: "),
        (&["--url", &nobody][..], "start `huzhu run --demo` there first"),
        (&["--times", "0"][..], "0 is not in 1.."),
    ] {
        let ran = machine.run(&[&["demo"][..], arguments].concat()).await;
        assert!(ran.code != 0 && ran.err.contains(says), "{arguments:?}: {ran:?}");
        assert_eq!((ran.out.as_str(), fs::read_dir(&folder).unwrap().count()), ("", 0), "{arguments:?}");
    }
}
