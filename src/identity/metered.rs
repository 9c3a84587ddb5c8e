//! Sign-ins as figures: how, and with what outcome; nothing of who.

/// Counts one sign-in. `how` is `phone_otp`, `password_totp`, `private_key_jwt` or `refresh_token`.
pub fn count(how: &'static str, outcome: &'static str) {
    metrics::counter!("huzhu_sign_ins_total", "how" => how, "outcome" => outcome).increment(1);
}
