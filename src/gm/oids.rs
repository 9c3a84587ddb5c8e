//! Object identifiers of GM/T 0006-2012 and GM/T 0010-2012.

use der::asn1::ObjectIdentifier;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

/// `data`: bytes.
pub const DATA: ObjectIdentifier = oid("1.2.156.10197.6.1.4.2.1");
/// `signedData`.
pub const SIGNED_DATA: ObjectIdentifier = oid("1.2.156.10197.6.1.4.2.2");
/// `envelopedData`.
pub const ENVELOPED_DATA: ObjectIdentifier = oid("1.2.156.10197.6.1.4.2.3");
/// SM3.
pub const SM3: ObjectIdentifier = oid("1.2.156.10197.1.401");
/// An SM2 signature over SM3.
pub const SM2_WITH_SM3: ObjectIdentifier = oid("1.2.156.10197.1.501");
/// An SM2 signature; some banks write this one beside SM3.
pub const SM2_SIGN: ObjectIdentifier = oid("1.2.156.10197.1.301.1");
/// SM2 encryption.
pub const SM2_ENCRYPT: ObjectIdentifier = oid("1.2.156.10197.1.301.3");
/// SM4; with an initial vector it is SM4 in CBC mode.
pub const SM4: ObjectIdentifier = oid("1.2.156.10197.1.104");
/// SM4 in CBC mode; some write this one.
pub const SM4_CBC: ObjectIdentifier = oid("1.2.156.10197.1.104.2");
/// PKCS#9 `contentType`.
pub const CONTENT_TYPE: ObjectIdentifier = oid("1.2.840.113549.1.9.3");
/// PKCS#9 `messageDigest`.
pub const MESSAGE_DIGEST: ObjectIdentifier = oid("1.2.840.113549.1.9.4");
/// PKCS#9 `signingTime`.
pub const SIGNING_TIME: ObjectIdentifier = oid("1.2.840.113549.1.9.5");
