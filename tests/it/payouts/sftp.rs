//! Files to a bank and from it through an SFTP server.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use huzhu::config::{self, BankFiles, BankSftp};
use huzhu::payouts::bank::transport::{self, Offered, Put, Transport};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;

use super::file_bank::files;
use super::scene::Scene;
use crate::support::sftp_server::{SftpServer, key_file, public_key};

fn place(sftp: BankSftp) -> std::sync::Arc<dyn Transport> {
    transport::open(&BankFiles { directory: None, sftp: Some(sftp), ..files(Path::new("")) })
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[actix_web::test]
async fn a_server_serves_as_a_directory_does() {
    let (root, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = SftpServer::start(root.path(), keys.path()).await;
    let place = place(server.config.clone());
    place.ready().await.unwrap();
    let bank = root.path().join("bank");
    assert_eq!(names(&bank), ["archive", "in", "out"]);
    // More than one packet.
    let one: Vec<u8> = (0..300_000_u32).map(|at| at.to_le_bytes()[0]).collect();
    for _ in 0..2 {
        assert_eq!(place.put("B1.txt", one.clone(), "aa", Some(b"signed".to_vec())).await, Put::Done);
        assert_eq!(names(&bank.join("out")), ["B1.txt", "B1.txt.ok", "B1.txt.p7s"]);
    }
    assert_eq!(fs::read(bank.join("out/B1.txt")).unwrap(), one);
    assert_eq!(fs::read(bank.join("out/B1.txt.p7s")).unwrap(), b"signed");
    assert_eq!(fs::read(bank.join("out/B1.txt.ok")).unwrap(), b"aa\n");
    let other = place.put("B1.txt", b"two".to_vec(), "bb", None).await;
    assert_eq!(other, Put::Unknown { why: "other_content" });

    let from = bank.join("in");
    let leave = |name: &str, text: &[u8]| {
        fs::write(from.join(name), text).unwrap();
        fs::write(from.join(format!("{name}.ok")), hex::encode(Sha256::digest(text))).unwrap();
    };
    leave("a.txt", &one);
    fs::write(from.join("a.txt.p7s"), b"signature").unwrap();
    leave("b.txt", b"b");
    fs::write(from.join("half.txt"), b"half").unwrap();
    fs::write(root.path().join("secret"), b"secret").unwrap();
    std::os::unix::fs::symlink(root.path().join("secret"), from.join("link.txt")).unwrap();
    fs::write(from.join("link.txt.ok"), b"").unwrap();
    let offered = place.list().await.unwrap();
    let expected = [("a.txt", &one[..]), ("b.txt", b"b")];
    let expected = expected.map(|(name, text)| Offered {
        name: name.to_owned(),
        sha256: Some(hex::encode(Sha256::digest(text))),
        changed: false,
    });
    assert_eq!(offered, expected);
    let later = fs::metadata(from.join("b.txt.ok")).unwrap().modified().unwrap() + Duration::from_secs(5);
    fs::File::options().write(true).open(from.join("b.txt")).unwrap().set_modified(later).unwrap();
    assert!(place.list().await.unwrap()[1].changed);
    let mut read = Vec::new();
    place.get("a.txt").await.unwrap().read_to_end(&mut read).await.unwrap();
    assert_eq!(read, one);
    assert_eq!(place.signature("a.txt").await.unwrap().as_deref(), Some(&b"signature"[..]));
    assert_eq!(place.signature("b.txt").await.unwrap(), None);
    for _ in 0..2 {
        place.archive("a.txt").await.unwrap();
        assert_eq!(names(&bank.join("archive")), ["a.txt", "a.txt.ok", "a.txt.p7s"]);
        leave("a.txt", b"the same name once more");
    }
    place.archive("a.txt").await.unwrap();
    assert_eq!(fs::read(bank.join("archive/a.txt")).unwrap(), b"the same name once more");
    assert_eq!(place.list().await.unwrap().len(), 1);
}

#[actix_web::test]
async fn another_server_another_user_and_nobody_at_all_get_nothing() {
    let (root, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = SftpServer::start(root.path(), keys.path()).await;
    let right = server.config.clone();
    let open_to_all = keys.path().join("open.key");
    fs::copy(&right.key_file, &open_to_all).unwrap();
    let mut mode = fs::metadata(&open_to_all).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o644);
    fs::set_permissions(&open_to_all, mode).unwrap();
    let broken: PathBuf = right.key_file.clone();
    for (sftp, said) in [
        (BankSftp { host_key: public_key(3), ..right.clone() }, "another host key than is configured"),
        (BankSftp { key_file: key_file(keys.path(), 4), ..right.clone() }, "does not take the key"),
        (BankSftp { user: "root".to_owned(), key_file: broken, ..right.clone() }, "does not take the key"),
        (BankSftp { key_file: open_to_all, ..right.clone() }, "may be read by others"),
        (BankSftp { key_file: keys.path().join("none"), ..right.clone() }, "none"),
    ] {
        let place = place(sftp);
        let error = place.ready().await.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
        let put = place.put("B1.txt", b"one".to_vec(), "aa", None).await;
        assert_eq!(put, Put::NothingThere { why: "not_connected" }, "{said}");
        assert!(place.list().await.is_err());
    }
    assert!(!root.path().join("bank/out").exists());
    // Somebody who takes the connection and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let place = place(BankSftp { port, timeout_ms: 1_000, ..right.clone() });
    let error = place.ready().await.unwrap_err().to_string();
    assert!(error.contains("no answer in time"), "{error}");
    server.stop();
}

#[actix_web::test]
async fn what_stands_in_the_way_is_known_as_sent_or_not() {
    let (root, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = SftpServer::start(root.path(), keys.path()).await;
    let out = root.path().join("bank/out");
    fs::create_dir_all(&out).unwrap();
    let place = place(server.config.clone());
    fs::create_dir(out.join("B1.txt.tmp")).unwrap();
    let put = place.put("B1.txt", b"one".to_vec(), "aa", None).await;
    assert_eq!(put, Put::NothingThere { why: "not_written" });
    fs::create_dir(out.join("B2.txt.p7s.tmp")).unwrap();
    let put = place.put("B2.txt", b"one".to_vec(), "aa", Some(b"s".to_vec())).await;
    assert_eq!(put, Put::Unknown { why: "signature_not_written" });
    assert!(!out.join("B2.txt.ok").exists());
    fs::create_dir(out.join("B3.txt.ok.tmp")).unwrap();
    let put = place.put("B3.txt", b"one".to_vec(), "aa", None).await;
    assert_eq!(put, Put::Unknown { why: "ok_not_written" });
}

#[actix_web::test]
async fn an_order_goes_out_by_sftp_and_waits_while_the_server_is_away() {
    let (root, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = SftpServer::start(root.path(), keys.path()).await;
    let sftp = server.config.clone();
    let scene = Scene::with(|bank| {
        bank.kind = config::BankKind::Iso20022Files;
        bank.files = Some(BankFiles { directory: None, sftp: Some(sftp), ..files(Path::new("")) });
    })
    .await;
    let first = scene.grant(&scene.app.city.member, &[70_000]).await;
    let batch = scene.pay().await;
    scene.app.run_jobs().await;
    assert_eq!(scene.states(first).await.0, "in_doubt", "it lies there");
    let out = root.path().join("bank/out");
    let name = names(&out).into_iter().find(|name| name.ends_with(".xml")).unwrap();
    assert_eq!(hex::encode(Sha256::digest(fs::read(out.join(&name)).unwrap())), batch.sha256);
    assert_eq!(fs::read_to_string(out.join(format!("{name}.ok"))).unwrap(), format!("{}\n", batch.sha256));
    // Not a byte can have gone: it is tried again, and not in doubt.
    server.stop();
    drop(server);
    let second = scene.grant(&scene.app.city.member, &[5]).await;
    scene.pay().await;
    scene.app.run_jobs().await;
    assert_eq!(scene.states(second).await.0, "approved");
    scene.stop().await;
}
