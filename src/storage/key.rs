//! What the object store keeps, and under which name. Names are made of our own identifiers and dates alone: nothing of a
//! person, nothing that a client chose.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::kernel::clock::Moment;

/// How a stored file is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coding {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// HEIC.
    Heic,
    /// PDF.
    Pdf,
}

impl Coding {
    /// Every coding.
    pub const ALL: [Self; 5] = [Self::Jpeg, Self::Png, Self::Webp, Self::Heic, Self::Pdf];

    /// The media type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Heic => "image/heic",
            Self::Pdf => "application/pdf",
        }
    }

    /// The end of a file's name, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Heic => "heic",
            Self::Pdf => "pdf",
        }
    }

    /// The coding of a media type, if it is one of ours.
    #[must_use]
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|coding| coding.content_type() == content_type)
    }
}

/// How long an object stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// As long as the claim that it belongs to.
    WithClaim,
    /// It can be made again from the master at any time.
    Rebuildable,
    /// As long as the books.
    WithBooks,
}

/// One object: its meaning, and from that its path, media type and retention.
///
/// `set_id` is fresh for each try at storing a document, so that no object is ever written twice; its time is the day in the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StorageKey {
    /// The original's own coded pixels without metadata.
    DocumentMaster {
        /// The document.
        document_id: Uuid,
        /// The try.
        set_id: Uuid,
        /// How the master is coded.
        coding: Coding,
    },
    /// The upright copy of one page for reading, a JPEG.
    DocumentReading {
        /// The document.
        document_id: Uuid,
        /// The try.
        set_id: Uuid,
        /// Which page, counted from one.
        page: u8,
    },
    /// The small picture for lists, a JPEG.
    DocumentThumbnail {
        /// The document.
        document_id: Uuid,
        /// The try.
        set_id: Uuid,
    },
    /// A piece of a file of the bank, sealed.
    BankDocumentPart {
        /// The bank's document.
        document_id: Uuid,
        /// Which piece, counted from one.
        part_no: u32,
    },
}

impl StorageKey {
    /// The object's name in the bucket: `documents/<day>/<document>/<try>/<what>.<ending>`, or `bank/<day>/<document>/<piece>.sealed`.
    #[must_use]
    pub fn path(&self) -> String {
        let (document_id, set_id) = self.ids();
        let name = match self {
            Self::BankDocumentPart { part_no, .. } => {
                let prefix = Self::bank_day_prefix(day_of(document_id));
                return format!("{prefix}{document_id}/{part_no:06}.sealed");
            }
            Self::DocumentMaster { .. } => "master".to_owned(),
            Self::DocumentReading { page: 1, .. } => "reading".to_owned(),
            Self::DocumentReading { page, .. } => format!("reading-{page}"),
            Self::DocumentThumbnail { .. } => "thumbnail".to_owned(),
        };
        format!("{}{document_id}/{set_id}/{name}.{}", Self::day_prefix(day_of(set_id)), self.coding().extension())
    }

    /// What the names of all objects of one day begin with.
    #[must_use]
    pub fn day_prefix(day: time::Date) -> String {
        format!("documents/{:04}-{:02}-{:02}/", day.year(), u8::from(day.month()), day.day())
    }

    /// What the names of all pieces of the bank's files of one day begin with.
    #[must_use]
    pub fn bank_day_prefix(day: time::Date) -> String {
        format!("bank/{:04}-{:02}-{:02}/", day.year(), u8::from(day.month()), day.day())
    }

    /// The media type.
    #[must_use]
    pub const fn content_type(&self) -> &'static str {
        match self {
            Self::BankDocumentPart { .. } => "application/octet-stream",
            _ => self.coding().content_type(),
        }
    }

    /// How long the object stays.
    #[must_use]
    pub const fn retention(&self) -> Retention {
        match self {
            Self::DocumentMaster { .. } => Retention::WithClaim,
            Self::BankDocumentPart { .. } => Retention::WithBooks,
            Self::DocumentReading { .. } | Self::DocumentThumbnail { .. } => Retention::Rebuildable,
        }
    }

    /// The key of a name that [`StorageKey::path`] made; nothing for any other name.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let mut parts = path.split('/').skip(2);
        let document_id = Uuid::try_parse(parts.next()?).ok()?;
        if path.starts_with("bank/") {
            let part_no = parts.next()?.strip_suffix(".sealed")?.parse().ok()?;
            let key = Self::BankDocumentPart { document_id, part_no };
            return (key.path() == path).then_some(key);
        }
        let set_id = Uuid::try_parse(parts.next()?).ok()?;
        let (name, extension) = parts.next()?.split_once('.')?;
        let coding = Coding::ALL.into_iter().find(|coding| coding.extension() == extension)?;
        let key = match name {
            "master" => Self::DocumentMaster { document_id, set_id, coding },
            "reading" => Self::DocumentReading { document_id, set_id, page: 1 },
            "thumbnail" => Self::DocumentThumbnail { document_id, set_id },
            other => {
                let page = other.strip_prefix("reading-")?.parse().ok()?;
                Self::DocumentReading { document_id, set_id, page }
            }
        };
        (key.path() == path).then_some(key)
    }

    /// The document and the try that the object belongs to; a file of the bank has one try, itself.
    #[must_use]
    pub const fn ids(&self) -> (Uuid, Uuid) {
        match self {
            Self::DocumentMaster { document_id, set_id, .. }
            | Self::DocumentReading { document_id, set_id, .. }
            | Self::DocumentThumbnail { document_id, set_id } => (*document_id, *set_id),
            Self::BankDocumentPart { document_id, .. } => (*document_id, *document_id),
        }
    }

    const fn coding(&self) -> Coding {
        match self {
            Self::DocumentMaster { coding, .. } => *coding,
            Self::DocumentReading { .. } | Self::DocumentThumbnail { .. } | Self::BankDocumentPart { .. } => {
                Coding::Jpeg
            }
        }
    }
}

/// The day in Asia/Shanghai on which an identifier was made.
fn day_of(id: Uuid) -> time::Date {
    let (secs, nanos) = id.get_timestamp().map_or((0, 0), |at| at.to_unix());
    let ms = i64::try_from(secs).unwrap_or(0).saturating_mul(1_000).saturating_add(i64::from(nanos / 1_000_000));
    Moment::from_ms(ms).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_back_as_the_key_that_made_it_and_nothing_else_does() {
        let document_id = uuid::Builder::from_unix_timestamp_millis(1_772_400_000_000, &[7; 10]).into_uuid();
        let set_id = uuid::Builder::from_unix_timestamp_millis(1_772_486_400_000, &[9; 10]).into_uuid();
        for key in [
            StorageKey::DocumentMaster { document_id, set_id, coding: Coding::Png },
            StorageKey::DocumentReading { document_id, set_id, page: 1 },
            StorageKey::DocumentReading { document_id, set_id, page: 30 },
            StorageKey::DocumentThumbnail { document_id, set_id },
        ] {
            let path = key.path();
            assert!(path.starts_with("documents/2026-03-03/"), "{path}");
            assert_eq!(StorageKey::parse(&path), Some(key));
            assert_eq!(StorageKey::parse(&path.replace("2026", "2025")), None);
            assert_eq!(StorageKey::parse(&format!("{path}x")), None);
        }
        assert_eq!(StorageKey::parse("documents/../x"), None);
        let part = StorageKey::BankDocumentPart { document_id, part_no: 7 };
        assert_eq!(part.path(), format!("bank/2026-03-02/{document_id}/000007.sealed"));
        assert_eq!(StorageKey::parse(&part.path()), Some(part));
        assert_eq!(StorageKey::parse(&part.path().replace("000007", "7")), None);
    }
}
