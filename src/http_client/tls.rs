//! Calls over TLS 1.2 or 1.3. Each request has a connection of its own, and the other side's word on the handshake, our certificate
//! included, is in before the first byte of the request: a failure until then proves that nothing was sent.

use std::future::poll_fn;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use anyhow::Context as _;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Method, Request, Response, Uri, header};
use hyper_util::rt::TokioIo;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::task::AbortOnDropHandle;
use x509_cert::der::Decode;

use super::{Answer, Silence, Timeouts};
use crate::kernel::clock::Moment;
use crate::keys;

/// Whom we believe to be the other side, and who we are to it.
#[derive(Clone, Debug)]
pub struct Tls {
    config: ClientConfig,
    own_not_after: Option<Moment>,
}

/// Files that hold our certificate (with those that lead up to its root, if need be) and its key.
#[derive(Clone, Copy, Debug)]
pub struct OwnFiles<'a> {
    /// Certificates in PEM, ours first.
    pub certificate: &'a Path,
    /// The key in PEM, closed to others (mode 0600).
    pub key: &'a Path,
}

impl Tls {
    /// Believes what the certificates of `ca_file` (PEM) vouch for, and nothing else; without such a file, what the system's do. The name
    /// in the address must be the certificate's. Shows the certificate of `own` to whoever asks for one.
    ///
    /// # Errors
    /// Says which file can't be read, is open to others, holds nothing that is needed, or does not belong to the other.
    pub fn read(ca_file: Option<&Path>, own: Option<OwnFiles<'_>>) -> anyhow::Result<Self> {
        let roots = match ca_file {
            Some(path) => roots_in(path).with_context(|| path.display().to_string())?,
            None => roots_of_system()?,
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS12, &rustls::version::TLS13])?
            .with_root_certificates(roots);
        let (mut config, own_not_after) = match own {
            None => (builder.with_no_client_auth(), None),
            Some(files) => {
                let chain =
                    certificates_in(files.certificate).with_context(|| files.certificate.display().to_string())?;
                let not_after = not_after(&chain).with_context(|| files.certificate.display().to_string())?;
                let text = keys::read_private(files.key).with_context(|| files.key.display().to_string())?;
                let key = PrivateKeyDer::from_pem_slice(text.as_bytes())
                    .with_context(|| format!("{} holds no key in PEM", files.key.display()))?;
                let config = builder.with_client_auth_cert(chain, key).with_context(|| {
                    format!("{} and {} do not go together", files.certificate.display(), files.key.display())
                })?;
                (config, Some(not_after))
            }
        };
        // Every handshake is a whole one: what is believed is looked at each time.
        config.resumption = Resumption::disabled();
        Ok(Self { config, own_not_after })
    }

    /// The last moment at which our certificate counts; none without one.
    #[must_use]
    pub const fn own_not_after(&self) -> Option<Moment> {
        self.own_not_after
    }

    /// One request on a connection of its own. `url` is `https://`.
    pub(super) async fn ask(
        &self,
        request: Asked<'_>,
        timeouts: Timeouts,
        answer_limit_bytes: usize,
    ) -> Result<Answer, Silence> {
        let (uri, request) = request.build().ok_or(Silence::NotConnected)?;
        let stream = match timeout(timeouts.connect, self.connect(&uri)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                tracing::warn!(error = format!("{error:#}"), "http_client.connect failed: nothing was sent");
                return Err(Silence::NotConnected);
            }
            Err(_) => return Err(Silence::NotConnected),
        };
        let exchanged = timeout(timeouts.answer, exchange(stream, request, answer_limit_bytes)).await;
        exchanged.unwrap_or(Err(Silence::Lost("timeout")))
    }

    async fn connect(&self, uri: &Uri) -> anyhow::Result<TlsStream<TcpStream>> {
        let host = uri.host().context("the address has no host")?.trim_matches(['[', ']']);
        let name = ServerName::try_from(host.to_owned())?;
        let socket = TcpStream::connect((host, uri.port_u16().unwrap_or(443))).await?;
        let mut config = self.config.clone();
        let watch = Arc::new(Watch { inner: config.client_auth_cert_resolver, was_asked: AtomicBool::new(false) });
        config.client_auth_cert_resolver = watch.clone();
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, socket).await?;
        if watch.was_asked.load(Ordering::Relaxed)
            && stream.get_ref().1.protocol_version() == Some(ProtocolVersion::TLSv1_3)
        {
            is_believed(&mut stream).await.context("the other side does not confirm the certificate")?;
        }
        Ok(stream)
    }
}

/// In TLS 1.3 we are done before the other side has looked at our certificate. Its session ticket says that it did and believes it; it
/// comes from every server that is not told to give none. A refusal comes as an alert, before a byte of the request was written.
async fn is_believed(stream: &mut TlsStream<TcpStream>) -> io::Result<()> {
    poll_fn(|context| {
        let mut byte = [0; 1];
        match Pin::new(&mut *stream).poll_read(context, &mut ReadBuf::new(&mut byte)) {
            Poll::Ready(Ok(())) => Poll::Ready(Err(io::Error::other("it closed, or spoke before it was asked"))),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending if stream.get_ref().1.tls13_tickets_received() > 0 => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Notes that the other side asked for a certificate.
#[derive(Debug)]
struct Watch {
    inner: Arc<dyn ResolvesClientCert>,
    was_asked: AtomicBool,
}

impl ResolvesClientCert for Watch {
    fn resolve(&self, root_hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.was_asked.store(true, Ordering::Relaxed);
        self.inner.resolve(root_hints, schemes)
    }

    fn has_certs(&self) -> bool {
        self.inner.has_certs()
    }
}

/// What is asked for.
pub(super) struct Asked<'a> {
    pub(super) method: Method,
    pub(super) url: &'a str,
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: Vec<u8>,
}

impl Asked<'_> {
    /// Where to and what, or none for what is no request over TLS.
    fn build(self) -> Option<(Uri, Request<Full<Bytes>>)> {
        let uri: Uri = self.url.parse().ok()?;
        if uri.scheme_str() != Some("https") {
            return None;
        }
        let mut request = Request::builder()
            .method(self.method)
            .uri(uri.path_and_query()?.as_str())
            .header(header::HOST, uri.authority()?.as_str())
            .header(header::CONNECTION, "close");
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        Some((uri, request.body(Full::new(Bytes::from(self.body))).ok()?))
    }
}

async fn exchange(
    stream: TlsStream<TcpStream>,
    request: Request<Full<Bytes>>,
    answer_limit_bytes: usize,
) -> Result<Answer, Silence> {
    let cut = |_| Silence::Lost("cut");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(cut)?;
    // What the connection ends with, the answer says too; it ends with this future.
    let _driver = AbortOnDropHandle::new(tokio::spawn(connection));
    let response: Response<Incoming> = sender.send_request(request).await.map_err(cut)?;
    let status = response.status().as_u16();
    let mut incoming = response.into_body();
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let Ok(part) = frame.map_err(cut)?.into_data() else { continue };
        if body.len() + part.len() > answer_limit_bytes {
            return Err(Silence::Lost("too_large"));
        }
        body.extend_from_slice(&part);
    }
    Ok(Answer { status, body })
}

fn certificates_in(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>()?;
    anyhow::ensure!(!found.is_empty(), "holds no certificate in PEM");
    Ok(found)
}

fn roots_in(path: &Path) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates_in(path)? {
        roots.add(certificate)?;
    }
    Ok(roots)
}

fn roots_of_system() -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    anyhow::ensure!(added > 0, "the system has no root certificates (ca-certificates): name a CA file");
    Ok(roots)
}

/// The last moment of the first certificate.
fn not_after(chain: &[CertificateDer<'_>]) -> anyhow::Result<Moment> {
    let first = chain.first().context("holds no certificate in PEM")?;
    let certificate = x509_cert::Certificate::from_der(first)?;
    let secs = certificate.tbs_certificate().validity().not_after.to_unix_duration().as_secs();
    Ok(Moment::EPOCH.plus_secs(i64::try_from(secs)?))
}
