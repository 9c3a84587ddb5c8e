//! The shapes of what clients send at sign-in.

use validator::ValidationError;

use crate::kernel::people;

/// 11 digits of a mobile number.
///
/// # Errors
/// `not_a_phone`.
pub fn phone(text: &str) -> Result<(), ValidationError> {
    if people::is_phone(text) {
        Ok(())
    } else {
        refuse("not_a_phone", "请填写 11 位手机号|A mobile number has 11 digits")
    }
}

/// 8 to 64 letters, digits, dashes and underscores.
///
/// # Errors
/// `not_a_device_id`.
pub fn device_id(text: &str) -> Result<(), ValidationError> {
    if (8..=64).contains(&text.len()) && is_url_safe(text) {
        return Ok(());
    }
    refuse(
        "not_a_device_id",
        "设备标识应为 8 到 64 位字母、数字、短横线或下划线|A device id has 8 to 64 letters, digits, - and _",
    )
}

/// 256 bits or more in base64url: 43 to 128 characters.
///
/// # Errors
/// `not_a_device_secret`.
pub fn device_secret(text: &str) -> Result<(), ValidationError> {
    if (43..=128).contains(&text.len()) && is_url_safe(text) {
        return Ok(());
    }
    refuse(
        "not_a_device_secret",
        "设备密钥应为 43 到 128 位 base64url|A device secret is 43 to 128 characters of base64url",
    )
}

/// Six digits.
///
/// # Errors
/// `not_a_code`.
pub fn code(text: &str) -> Result<(), ValidationError> {
    if text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    refuse("not_a_code", "验证码为 6 位数字|A code has six digits")
}

fn is_url_safe(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn refuse(reason: &'static str, words: &'static str) -> Result<(), ValidationError> {
    Err(ValidationError::new(reason).with_message(words.into()))
}
