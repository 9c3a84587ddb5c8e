//! The line to a bank that is called directly: whoever is not known is not heard, and what was not sent is known.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use huzhu::bank_sim::faults::Fault;
use huzhu::bank_sim::tls::TlsFiles;
use huzhu::child::Child;
use huzhu::config::BankTls;
use huzhu::http_client::{HttpClient, OwnFiles, Silence, Timeouts, Tls};
use huzhu::payouts::bank::direct::Direct;
use huzhu::payouts::bank::{Adapter, Enquired, Submitted};
use rustls::server::WebPkiClientVerifier;
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio::process::Command;

use super::scene::{Scene, TestBank, states};
use crate::support::certificates::{Authority, private_file};

/// A bank and a customer with an authority each.
struct Known {
    folder: tempfile::TempDir,
    bank_ca: Authority,
    fund_ca: Authority,
}

impl Known {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), bank_ca: Authority::new(), fund_ca: Authority::new() }
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A bank for `name` that hears only customers of the fund's authority.
    fn bank(&self, name: &str) -> TlsFiles {
        let (certificate, key) = self.bank_ca.issue(self.folder(), name);
        TlsFiles { certificate, key, client_ca: Some(self.fund_ca.file(self.folder())) }
    }

    /// A customer who believes the bank's authority and shows a certificate of `own`, or none.
    fn customer(&self, own: Option<&Authority>) -> BankTls {
        let own = own.map(|authority| authority.issue(self.folder(), "fund"));
        let (certificate_file, key_file) = own.unzip();
        BankTls { ca_file: Some(self.bank_ca.file(self.folder())), certificate_file, key_file }
    }
}

fn client(tls: &BankTls) -> HttpClient {
    let own = tls.certificate_file.as_deref().zip(tls.key_file.as_deref());
    let own = own.map(|(certificate, key)| OwnFiles { certificate, key });
    let timeouts = Timeouts { connect: Duration::from_secs(5), answer: Duration::from_secs(5) };
    HttpClient::over_tls(timeouts, Tls::read(tls.ca_file.as_deref(), own).unwrap())
}

/// The same bank, speaking one version alone, giving tickets or none.
fn speaking(files: &TlsFiles, version: &'static SupportedProtocolVersion, tickets: usize) -> ServerConfig {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(files.client_ca.as_ref().unwrap()).unwrap()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
    let chain = vec![CertificateDer::from_pem_file(&files.certificate).unwrap()];
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(&files.key).unwrap())
        .unwrap();
    config.send_tls13_tickets = tickets;
    config
}

#[actix_web::test]
async fn a_handshake_that_fails_proves_that_nothing_was_sent_in_both_versions() {
    let known = Known::new();
    let files = known.bank("localhost");
    let large = vec![b'x'; 4_000_000];
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let bank = TestBank::start(Some(speaking(&files, version, 2)));
        let url = format!("https://localhost:{}", bank.port);
        let right = client(&known.customer(Some(&known.fund_ca)));
        assert_eq!(right.get(&format!("{url}/healthz")).await.unwrap().status, 200, "{version:?}");
        // More than fits into any buffer on the way: its end can only go out when somebody reads.
        let post = right.post(&format!("{url}/direct/v1/batches"), &[("x-batch-ref", "B1")], large.clone()).await;
        assert_eq!(post.unwrap().status, 422, "{version:?}");
        let strangers = [
            ("none", client(&known.customer(None)), url.clone()),
            ("another authority's", client(&known.customer(Some(&Authority::new()))), url.clone()),
            ("the bank is another", client(&Known::new().customer(Some(&known.fund_ca))), url.clone()),
            ("by another name", client(&known.customer(Some(&known.fund_ca))), url.replace("localhost", "127.0.0.1")),
            ("in clear", client(&known.customer(Some(&known.fund_ca))), url.replace("https", "http")),
        ];
        for (what, stranger, url) in strangers {
            assert_eq!(stranger.get(&format!("{url}/healthz")).await.unwrap_err(), Silence::NotConnected, "{what}");
            let post = stranger.post(&format!("{url}/direct/v1/batches"), &[], large.clone()).await;
            assert_eq!(post.unwrap_err(), Silence::NotConnected, "{version:?}: {what}");
        }
        bank.hang_up().await;
        assert_eq!(right.get(&url).await.unwrap_err(), Silence::NotConnected);
    }
}

#[actix_web::test]
async fn a_bank_that_never_says_whether_it_believes_a_certificate_gets_nothing() {
    let known = Known::new();
    let bank = TestBank::start(Some(speaking(&known.bank("localhost"), &rustls::version::TLS13, 0)));
    let customer = known.customer(Some(&known.fund_ca));
    let own = OwnFiles {
        certificate: customer.certificate_file.as_deref().unwrap(),
        key: customer.key_file.as_deref().unwrap(),
    };
    let timeouts = Timeouts { connect: Duration::from_millis(300), answer: Duration::from_secs(5) };
    let client = HttpClient::over_tls(timeouts, Tls::read(customer.ca_file.as_deref(), Some(own)).unwrap());
    let url = format!("https://localhost:{}/healthz", bank.port);
    assert_eq!(client.get(&url).await.unwrap_err(), Silence::NotConnected);
    bank.hang_up().await;
}

#[actix_web::test]
async fn files_that_do_not_do_are_named() {
    let known = Known::new();
    let folder = known.folder();
    let (certificate, key) = known.fund_ca.issue(folder, "fund");
    let (_, other_key) = known.fund_ca.issue(folder, "fund");
    let empty = private_file(folder, "nothing");
    let open = private_file(folder, &std::fs::read_to_string(&key).unwrap());
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
    let said =
        |ca: Option<&Path>, certificate: &Path, key: &Path| match Tls::read(ca, Some(OwnFiles { certificate, key })) {
            Ok(_) => String::new(),
            Err(error) => format!("{error:#}"),
        };
    let named = |path: &PathBuf| path.display().to_string();
    let ca = known.bank_ca.file(folder);
    assert_eq!(said(Some(&ca), &certificate, &key), "");
    assert!(said(Some(&ca), &certificate, &open).contains(&named(&open)));
    assert!(said(Some(&ca), &certificate, &open).contains("chmod 600"));
    assert!(said(Some(&ca), &certificate, &other_key).contains(&named(&other_key)));
    assert!(said(Some(&ca), &certificate, &empty).contains(&named(&empty)));
    assert!(said(Some(&ca), &empty, &key).contains(&named(&empty)));
    assert!(said(Some(&empty), &certificate, &key).contains(&named(&empty)));
    assert!(said(Some(&folder.join("missing")), &certificate, &key).contains("missing"));
}

#[actix_web::test]
async fn a_bank_that_knows_the_fund_pays_and_what_is_lost_on_its_line_is_in_doubt() {
    let known = Known::new();
    let bank = known.bank("localhost").read().unwrap();
    let scene = Scene::direct_over_tls(bank, known.customer(Some(&known.fund_ca))).await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.bank.fault(Fault::AnswerLost, 1);
    scene.pay().await;
    scene.app.run_jobs().await;
    assert_eq!(scene.states(granted).await, states("in_doubt", "paying", "Paying"));
    scene.advance(31);
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    assert_eq!(scene.app.count("select count(*) from dispatch").await, 1);
    scene.stop().await;
}

#[actix_web::test]
async fn a_bank_that_does_not_know_the_fund_or_is_another_gets_nothing() {
    let known = Known::new();
    let customers = [
        known.customer(None),
        known.customer(Some(&Authority::new())),
        BankTls { ca_file: Some(known.fund_ca.file(known.folder())), ..known.customer(Some(&known.fund_ca)) },
    ];
    for customer in customers {
        let scene = Scene::direct_over_tls(known.bank("localhost").read().unwrap(), customer).await;
        let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
        scene.pay().await;
        scene.app.run_jobs().await;
        assert_eq!(scene.states(granted).await, states("approved", "paying", "Paying"));
        let not_sent = "select count(*) from dispatch where outcome = 'not_sent' and detail = 'not_connected'";
        assert_eq!(scene.app.count(not_sent).await, 1);
        assert_eq!(scene.bank.open().payments(), []);
        scene.stop().await;
    }
}

#[actix_web::test]
async fn the_simulator_speaks_tls_as_a_process_of_its_own() {
    let known = Known::new();
    let files = known.bank("127.0.0.1");
    let data = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_huzhu"));
    command.args(["bank-sim", "--die-with-parent", "--account", "ACC1", "--data"]).arg(data.path());
    command.arg("--tls-certificate").arg(&files.certificate).arg("--tls-key").arg(&files.key);
    command.arg("--client-ca").arg(files.client_ca.as_ref().unwrap());
    let mut child = Child::start(&mut command).await.unwrap();
    assert!(child.base_url().starts_with("https://127.0.0.1:"), "{}", child.base_url());
    let url = format!("{}/direct", child.base_url());
    let bank = Direct::new(client(&known.customer(Some(&known.fund_ca))), &url, 1);
    assert_eq!(bank.enquire_batch("B1").await, Enquired::NotFound);
    let stranger = Direct::new(client(&known.customer(None)), &url, 1);
    assert_eq!(stranger.enquire_batch("B1").await, Enquired::Unavailable { why: "not_connected" });
    child.kill().await.unwrap();
    assert_eq!(bank.submit("B1", b"{}".to_vec(), "aa").await, Submitted::NotSent { why: "not_connected" });
}
