//! Why a picture is not taken, in words that say what to do next.

use crate::kernel::text::Text;

/// Why a picture is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The file is no picture at all.
    NotAPicture,
    /// A PDF: it comes with a later release.
    Pdf,
    /// A HEIC photo: it comes with a later release.
    Heic,
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
    pub const ALL: [Self; 8] = [
        Self::NotAPicture,
        Self::Pdf,
        Self::Heic,
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
            Self::Pdf => "pdf_not_taken_yet",
            Self::Heic => "heic_not_taken_yet",
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
                "这个文件不是图片。请拍照或上传 JPEG、PNG、WebP 图片。",
                "This file is not a picture. Take a photo, or send a JPEG, PNG or WebP picture.",
            ),
            Self::Pdf => Text::fixed(
                "暂不能接收 PDF。请打开后截屏，再上传截屏图片。",
                "PDF files cannot be taken yet. Open it, take a screenshot, and send that.",
            ),
            Self::Heic => Text::fixed(
                "暂不能接收 HEIC 照片。请在相机设置中选择“兼容性最佳”后重拍，或上传截屏图片。",
                "HEIC photos cannot be taken yet. Choose “Most Compatible” in the camera settings and take it again, or send a screenshot.",
            ),
            Self::OtherPicture => Text::fixed(
                "不能接收这种图片格式。请上传 JPEG、PNG 或 WebP 图片。",
                "This kind of picture is not taken. Send a JPEG, PNG or WebP picture.",
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
