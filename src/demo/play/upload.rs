//! The member sends a photograph by tus in parts; after a break the phone asks how far it came and goes on there.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Stage;
use super::api::{Ask, Got, pause};
use super::person::Person;
use super::photos::Photo;
use super::say::Told;
use crate::kernel::text::Text;

/// Bytes of a part.
const PART_BYTES: usize = 256 * 1024;
const TUS: (&str, &str) = ("tus-resumable", "1.0.0");

/// Announces `photo`, sends its bytes and waits until it is checked and readable.
pub(super) async fn send(
    stage: &Stage,
    number: u32,
    person: &mut Person,
    claim_id: Uuid,
    photo: &Photo,
) -> anyhow::Result<()> {
    let since = stage.seams.clock.now();
    let body = json!({"kind": photo.kind, "size_bytes": photo.bytes.len(), "sha256": photo.sha256});
    let ask = Ask::new(Method::POST, format!("/v1/claims/{claim_id}/documents"));
    let ask = ask.header("idempotency-key", stage.ids.next().to_string()).json(&body);
    let announced = person.send(stage, ask).await?.expect_status("announcing a photo", &[201])?;
    let (id, upload) = (announced.text("/id")?.to_owned(), announced.text("/upload_url")?.to_owned());
    let parts = send_bytes(stage, person, &upload, &photo.bytes).await?;
    let looked = |got: &Got| match got.maybe("/state") {
        "clean" => Ok(Some(got.body.clone())),
        "rejected" | "expired" | "withdrawn" => {
            anyhow::bail!("{} was refused: {}", photo.name, got.body.pointer("/reason").unwrap_or(&Value::Null))
        }
        _ => Ok(None),
    };
    let document = person.wait_for(stage, &format!("/v1/documents/{id}"), &photo.name, looked).await?;
    stage.teller.step(
        number,
        since,
        Told {
            actor: "member",
            scene: "upload",
            text: Text::made(
                format!("上传 {}（{} KB，分 {parts} 段）：已检查，清晰可读", photo.name, photo.bytes.len() / 1024),
                format!(
                    "Sends {} ({} KB in {parts} parts): checked and readable",
                    photo.name,
                    photo.bytes.len() / 1024
                ),
            ),
            more: Vec::new(),
            data: json!({"claim_id": claim_id, "document_id": id, "kind": photo.kind, "size_bytes": photo.bytes.len(),
            "sha256": photo.sha256, "renditions": document.get("renditions")}),
        },
    );
    Ok(())
}

/// Sends what is missing until all is there; answers in how many parts.
async fn send_bytes(stage: &Stage, person: &mut Person, upload: &str, bytes: &[u8]) -> anyhow::Result<u32> {
    let (mut offset, mut parts) = (0_usize, 0);
    let mut tries_left: u32 = 4_000;
    while offset < bytes.len() {
        anyhow::ensure!(tries_left > 0, "the upload does not come to an end");
        tries_left -= 1;
        let end = offset.saturating_add(PART_BYTES).min(bytes.len());
        let part = bytes.get(offset..end).unwrap_or_default();
        let mut ask = Ask::new(Method::PATCH, upload).header(TUS.0, TUS.1);
        ask = ask.header("upload-offset", offset.to_string()).header("content-type", "application/offset+octet-stream");
        ask.body = part.to_vec();
        parts += 1;
        offset = match stage.api.send_once(&ask.bearer(person.token())).await {
            Ok(got) if got.status == 204 => here(&got)?,
            Ok(got) if matches!(got.status, 401 | 408 | 409 | 410 | 423 | 429 | 500..=599) => {
                pause(std::time::Duration::from_millis(200)).await;
                how_far(stage, person, upload).await?
            }
            Ok(got) => anyhow::bail!("sending a part: {}", got.trouble()),
            // Nobody knows how much of it arrived: the server is asked.
            Err(_) => how_far(stage, person, upload).await?,
        };
    }
    Ok(parts)
}

async fn how_far(stage: &Stage, person: &mut Person, upload: &str) -> anyhow::Result<usize> {
    let ask = Ask::new(Method::HEAD, upload).header(TUS.0, TUS.1);
    here(&person.send(stage, ask).await?.expect_status("asking how far an upload came", &[200])?)
}

fn here(got: &Got) -> anyhow::Result<usize> {
    let offset = got.header("upload-offset").and_then(|offset| offset.parse().ok());
    offset.ok_or_else(|| anyhow::anyhow!("the answer has no Upload-Offset"))
}
