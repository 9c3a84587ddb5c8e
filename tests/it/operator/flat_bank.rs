//! A bank of signed flat files as an operator meets it: what `doctor` says, and what is imported by hand.

use std::fs;

use huzhu::gm::{self, Certificate, Own, SecretKey};
use huzhu::kernel::clock::{Clock, SystemClock};

use super::machine::Machine;

#[actix_web::test]
async fn a_file_by_hand_needs_the_banks_signature_and_doctor_says_until_when_it_counts() {
    let mut machine = Machine::new().await;
    let folder = machine.directory.path().to_owned();
    let path = |name: &str| folder.join(name).display().to_string();
    for name in ["fund", "bank"] {
        let subject = format!("CN={name},C=CN");
        machine.run(&["keys", "gm", &path("seals"), "--name", name, "--subject", &subject]).await.ok();
    }
    machine.set("HUZHU_BANK__KIND", "cn_bulk_files");
    machine.set("HUZHU_BANK__FILES__DIRECTORY", path("files"));
    machine.set("HUZHU_BANK__SEALS__KEY_FILE", path("seals/fund.key"));
    machine.set("HUZHU_BANK__SEALS__CERTIFICATE_FILE", path("seals/fund.crt"));
    machine.set("HUZHU_BANK__SEALS__BANK_CERTIFICATE_FILE", path("seals/nobody.crt"));
    let told = machine.run(&["doctor"]).await;
    assert!(told.code == 1 && told.out.contains("WRONG  bank") && told.out.contains("nobody.crt"), "{told:?}");
    machine.set("HUZHU_BANK__SEALS__BANK_CERTIFICATE_FILE", path("seals/bank.crt"));
    let told = machine.run(&["doctor"]).await.ok();
    let line = told.lines().find(|line| line.contains(" bank ")).unwrap_or_else(|| panic!("{told}"));
    assert!(line.contains("signed flat files in the directory") && line.contains("counts until"), "{line}");

    let file = path("STM_1.txt");
    let header = "H|CNSTM2|6222020000001|20260316|1|CNY|500|500|GB18030";
    fs::write(&file, format!("{header}\nT|0|0|0|{}\n", gm::sm3_hex(b""))).unwrap();
    let told = machine.run(&["recon", "import", &file]).await;
    assert!(told.code == 1 && told.err.contains("rejected: the bank's signature is missing"), "{told:?}");
    let read = |name: &str| fs::read(path(name)).unwrap();
    let own = |name: &str| Own {
        key: SecretKey::read(&read(&format!("seals/{name}.key"))).unwrap(),
        certificate: Certificate::read(&read(&format!("seals/{name}.crt"))).unwrap(),
    };
    let sign = |name: &str| gm::sign(&read("STM_1.txt"), &own(name), SystemClock.now()).unwrap();
    fs::write(path("STM_1.txt.p7s"), sign("fund")).unwrap();
    let told = machine.run(&["recon", "import", &file]).await;
    assert!(told.code == 1 && told.err.contains("is not one that is pinned"), "{told:?}");
    fs::write(path("STM_1.txt.p7s"), sign("bank")).unwrap();
    let told = machine.run(&["recon", "import", &file]).await.ok();
    assert!(told.contains("number 1"), "{told}");
}
