//! Why a picture is not taken, in words that say what to do next.

use crate::kernel::text::Text;

/// Why a picture is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The file is no picture at all.
    NotAPicture,
    /// A PDF that a password locks.
    PdfLocked,
    /// A PDF that holds a script, another file, or anything else that is not a page; or a file that is a PDF and something else.
    PdfActive,
    /// A PDF with more than 30 pages.
    PdfTooLong,
    /// A file in which a virus was found.
    Infected,
    /// A picture of a kind that is not taken (GIF, TIFF, BMP, AVIF…), or an unusual form of one that is.
    OtherPicture,
    /// It moves.
    Animated,
    /// The file is cut off or broken.
    Damaged,
    /// More pixels than any camera makes, or than the memory set aside for one picture holds.
    TooLarge,
    /// Too few pixels to read anything.
    TooSmall,
}

impl Refusal {
    /// Every refusal.
    pub const ALL: [Self; 10] = [
        Self::NotAPicture,
        Self::PdfLocked,
        Self::PdfActive,
        Self::PdfTooLong,
        Self::Infected,
        Self::OtherPicture,
        Self::Animated,
        Self::Damaged,
        Self::TooLarge,
        Self::TooSmall,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAPicture => "not_a_picture",
            Self::PdfLocked => "pdf_locked",
            Self::PdfActive => "pdf_active",
            Self::PdfTooLong => "pdf_too_long",
            Self::Infected => "file_infected",
            Self::OtherPicture => "picture_kind_not_taken",
            Self::Animated => "picture_animated",
            Self::Damaged => "picture_damaged",
            Self::TooLarge => "picture_too_large",
            Self::TooSmall => "picture_too_small",
        }
    }

    /// What the member reads.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::NotAPicture => Text::fixed(
                "这个文件不是图片。请拍照，或上传 JPEG、PNG、WebP、HEIC 图片或 PDF。",
                "This file is not a picture. Take a photo, or send a JPEG, PNG, WebP or HEIC picture or a PDF.",
            ),
            Self::PdfLocked => Text::fixed(
                "这个 PDF 有密码。请去掉密码后再上传，或上传截屏图片。",
                "This PDF is locked by a password. Send one without a password, or a screenshot.",
            ),
            Self::PdfActive => Text::fixed(
                "这个 PDF 含有脚本、附件或其他内容，不能接收。请重新下载票据，或上传截屏图片。",
                "This PDF holds a script, another file or something else besides pages. Download the bill again, or send a screenshot.",
            ),
            Self::PdfTooLong => Text::fixed(
                "PDF 不能超过 30 页。请只上传需要的页面。",
                "A PDF has 30 pages at most. Send only the pages that are needed.",
            ),
            Self::Infected => Text::fixed(
                "在这个文件中发现病毒，未保存。请检查手机安全后，重新拍照上传。",
                "A virus was found in this file, and it was not kept. Check your phone, then take the photo again.",
            ),
            Self::OtherPicture => Text::fixed(
                "不能接收这种图片格式。请上传 JPEG、PNG、WebP 或 HEIC 图片，或 PDF。",
                "This kind of picture is not taken. Send a JPEG, PNG, WebP or HEIC picture, or a PDF.",
            ),
            Self::Animated => Text::fixed("这是动图。请上传静态照片。", "This picture moves. Send a still photo."),
            Self::Damaged => Text::fixed(
                "图片不完整或已损坏，打不开。请重新拍照上传。",
                "The picture is incomplete or damaged and does not open. Take it again and send it.",
            ),
            Self::TooLarge => Text::fixed(
                "图片尺寸过大。请用手机相机的普通模式重拍。",
                "The picture has too many pixels. Take it again with the camera's normal mode.",
            ),
            Self::TooSmall => Text::fixed(
                "图片太小，看不清内容。请靠近一些重拍，或上传原图。",
                "The picture is too small to read. Take it again from closer, or send the original.",
            ),
        }
    }

    /// The refusal of a stored code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.code() == code)
    }
}
