//! Nobody else reads the data folder.

use std::os::unix::fs::PermissionsExt;

use super::machine::Machine;

#[actix_web::test]
async fn the_demos_folder_is_private_too() {
    let machine = Machine::new().await;
    let service = machine.start(&["run", "--demo"]).await;
    assert_eq!(std::fs::metadata(&machine.data).unwrap().permissions().mode() & 0o777, 0o700);
    service.stop().await;
}
