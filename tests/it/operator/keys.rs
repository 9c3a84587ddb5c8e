//! A lost or wrong key is named by `huzhu doctor` and never replaced.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::machine::Machine;

#[actix_web::test]
async fn keys_are_held_against_the_database() {
    let machine = Machine::new().await;
    machine.run(&["organisations", "add", "样本市总工会", "--level", "city"]).await.ok();
    let fine = machine.run(&["doctor"]).await.ok();
    assert!(fine.contains("they open this database"), "{fine}");

    let root = machine.data.join("keys").join("root.key");
    let kept = fs::read_to_string(&root).unwrap();
    fs::write(&root, "ab".repeat(32)).unwrap();
    let told = machine.run(&["doctor"]).await;
    assert!(told.code == 1 && told.out.contains("WRONG  keys"), "{told:?}");

    fs::remove_file(&root).unwrap();
    let told = machine.run(&["doctor"]).await;
    assert!(told.code == 1 && told.out.contains("WRONG  keys") && told.out.contains("root.key is missing"), "{told:?}");
    let start = machine.run(&["organisations", "list"]).await;
    assert!(start.code != 0 && start.err.contains("put its copy back"), "{start:?}");
    assert!(!root.exists(), "a lost root key was replaced");

    fs::write(&root, kept).unwrap();
    fs::set_permissions(&root, fs::Permissions::from_mode(0o600)).unwrap();
    let next = machine.data.join("keys").join("access-next.pem");
    let pem = fs::read(&next).unwrap();
    fs::write(&next, "-----BEGIN PRIVATE KEY-----\nnonsense\n").unwrap();
    let told = machine.run(&["doctor"]).await;
    assert!(told.code == 1 && told.out.contains("access-next.pem holds no Ed25519 key"), "{told:?}");

    fs::write(&next, pem).unwrap();
    fs::set_permissions(&next, fs::Permissions::from_mode(0o644)).unwrap();
    let told = machine.run(&["doctor"]).await;
    assert!(told.code == 1 && told.out.contains("may be read by others"), "{told:?}");
    fs::set_permissions(&next, fs::Permissions::from_mode(0o600)).unwrap();
    machine.run(&["doctor"]).await.ok();
}
