//! What a command prints may be read in part.

use super::machine::Machine;

#[actix_web::test]
async fn a_reader_that_has_seen_enough_is_no_fault() {
    let machine = Machine::new().await;
    let mut process = machine.command(&["openapi"]).spawn().unwrap();
    drop(process.stdout.take());
    let ended = process.wait_with_output().await.unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
}
