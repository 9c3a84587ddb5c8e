//! A photograph, made on the spot and sent by tus.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use qrcode::{Color, QrCode};
use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Person, TestApp};

/// A small JPEG that differs by `seed`.
pub fn jpeg(seed: u8) -> Vec<u8> {
    let picture = RgbImage::from_fn(400, 300, |x, y| {
        // Bright and smooth: nothing stands on it by which it could be taken for another.
        let shade = u8::try_from(150 + (x + y) / 10).unwrap();
        Rgb([shade, shade.wrapping_add(seed), 200_u8.wrapping_sub(seed)])
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// A JPEG of a white page with a QR code that says `text`.
pub fn qr(text: &str) -> Vec<u8> {
    let code = QrCode::new(text).unwrap();
    let (modules, width) = (code.to_colors(), u32::try_from(code.width()).unwrap());
    let picture = RgbImage::from_fn(900, 700, |x, y| {
        let at = |pixel: u32| (pixel / 8).checked_sub(10).filter(|module| *module < width);
        let module = at(x).zip(at(y)).map(|(x, y)| modules[(y * width + x) as usize]);
        Rgb([if module == Some(Color::Dark) { 0 } else { 255 }; 3])
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// `picture` with a remark that no other claim's has: the same picture, and another file.
fn remarked(picture: &[u8], claim_id: Uuid) -> Vec<u8> {
    let (start, rest) = picture.split_at(2);
    let remark = claim_id.as_bytes();
    let length = u16::try_from(remark.len() + 2).unwrap().to_be_bytes();
    [start, b"\xff\xfe", &length, remark, rest].concat()
}

impl TestApp {
    /// Announces and sends a photograph of `kind` that no other claim has; answers the document's id.
    pub async fn upload_photo(&self, member: &Person, claim_id: Uuid, kind: &str, seed: u8) -> Uuid {
        self.upload(member, claim_id, kind, remarked(&jpeg(seed), claim_id)).await
    }

    /// Announces and sends a file of `kind`; answers the document's id.
    pub async fn upload(&self, member: &Person, claim_id: Uuid, kind: &str, bytes: Vec<u8>) -> Uuid {
        let sha256 = hex::encode(Sha256::digest(&bytes));
        let announcement = json!({"kind": kind, "size_bytes": bytes.len(), "sha256": sha256});
        let got = self.post(member, &format!("/v1/claims/{claim_id}/documents"), &announcement).await.ok(201);
        let url = got.text("/upload_url");
        let path = url.strip_prefix(&self.base).unwrap_or(&url).to_owned();
        let patch = self.ask(member, Method::PATCH, &path).await;
        patch
            .header("tus-resumable", "1.0.0")
            .header("upload-offset", "0")
            .header("content-type", "application/offset+octet-stream")
            .body(bytes)
            .send()
            .await
            .ok(204);
        got.text("/id").parse().unwrap()
    }
}
