use der::{Encode, Tag, TagNumber};
use hex::FromHex;
use sm2::dsa::signature::Signer;
use sm4::cipher::{BlockCipherEncrypt, KeyInit};
use time::macros::datetime;

use super::*;
use crate::kernel::chance::SeededChance;
use crate::kernel::clock::Moment;

fn at() -> Moment {
    Moment::from(datetime!(2026-11-23 09:00:00 +8))
}

fn own(seed: u64) -> Own {
    Own::self_signed("CN=Fund,O=Mutual aid,C=CN", at().plus_secs(-60), 30, &SeededChance::new(seed)).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    Vec::from_hex(text).unwrap()
}

/// Key and point of the examples of GB/T 32918.5-2017.
const SECRET: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
const POINT: &str = "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
                     ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";

#[test]
fn sm3_gives_the_digests_of_the_standard() {
    assert_eq!(sm3_hex(b"abc"), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    let long = b"abcd".repeat(16);
    let expected = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732";
    assert_eq!(sm3_hex(&long), expected);
    let mut stream = Sm3Stream::default();
    for part in long.chunks(7) {
        stream.update(part);
    }
    assert_eq!(stream.finish_hex(), expected);
}

#[test]
fn sm4_gives_the_block_of_the_standard() {
    let key = hex("0123456789abcdeffedcba9876543210");
    let mut block = sm4::cipher::Block::<sm4::Sm4>::try_from(key.as_slice()).unwrap();
    sm4::Sm4::new_from_slice(&key).unwrap().encrypt_block(&mut block);
    assert_eq!(block.as_slice(), hex("681edf34d206965e86b3e94f536e4246"));
}

#[test]
fn sm2_verifies_and_opens_the_examples_of_the_standard() {
    let secret = sm2::SecretKey::from_slice(&hex(SECRET)).unwrap();
    assert_eq!(secret.public_key(), sm2::PublicKey::from_sec1_bytes(&hex(POINT)).unwrap());

    let signature =
        sm2::dsa::Signature::from_slice(&hex("f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
         b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"))
        .unwrap();
    use sm2::dsa::signature::Verifier;
    let key = sm2::dsa::VerifyingKey::new(USER_ID, secret.public_key()).unwrap();
    assert!(key.verify(b"message digest", &signature).is_ok());
    assert!(key.verify(b"message digesT", &signature).is_err());
    let other_id = sm2::dsa::VerifyingKey::new("1234567812345679", secret.public_key()).unwrap();
    assert!(other_id.verify(b"message digest", &signature).is_err(), "the user id is part of what is signed");

    let sealed =
        hex("0404ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73e858f9d81e5430a57b36daab8f950a3c\
         64e6ee6a63094d99283aff767e124df059983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766\
         21886ca989ca9c7d58087307ca93092d651efa");
    assert_eq!(sm2::pke::DecryptingKey::new(secret).decrypt(&sealed).unwrap(), b"encryption standard");
}

#[test]
fn what_was_signed_is_known_by_whom() {
    let own = own(1);
    let signature = sign(b"bytes", &own, at()).unwrap();
    assert_eq!(signature, sign(b"bytes", &own, at().plus_secs(5)).unwrap(), "the same bytes, the same signature");
    let signed = verify(b"bytes", &signature, std::slice::from_ref(&own.certificate), at()).unwrap();
    assert_eq!((signed.signed_at, signed.fingerprint), (None, own.certificate.fingerprint()));
    assert!(signed.subject.contains("CN=Fund"), "{}", signed.subject);
    let empty = sign(b"", &own, at()).unwrap();
    assert!(verify(b"", &empty, std::slice::from_ref(&own.certificate), at()).is_ok());
}

#[test]
fn whoever_else_and_whenever_else_it_was_is_refused() {
    let (own, other) = (own(1), own_of_the_same_name());
    let signature = sign(b"bytes", &own, at()).unwrap();
    let pinned = [own.certificate.clone()];
    let judged = |bytes: &[u8], pinned: &[Certificate], when| verify(bytes, &signature, pinned, when).map(|_| ());
    assert_eq!(judged(b"bytez", &pinned, at()), Err(SignatureFault::Altered));
    assert_eq!(judged(b"", &pinned, at()), Err(SignatureFault::Altered));
    assert_eq!(judged(b"bytes", &[], at()), Err(SignatureFault::WrongPerson));
    assert_eq!(judged(b"bytes", std::slice::from_ref(&other.certificate), at()), Err(SignatureFault::WrongPerson));
    assert_eq!(judged(b"bytes", &[other.certificate.clone(), own.certificate.clone()], at()), Ok(()));
    let day = 24 * 60 * 60;
    assert_eq!(judged(b"bytes", &pinned, at().plus_secs(-61)), Err(SignatureFault::NotYetValid));
    assert_eq!(judged(b"bytes", &pinned, at().plus_secs(-60)), Ok(()));
    assert_eq!(judged(b"bytes", &pinned, at().plus_secs(30 * day - 60)), Ok(()));
    assert_eq!(judged(b"bytes", &pinned, at().plus_secs(30 * day - 59)), Err(SignatureFault::Expired));
    assert_eq!(sign(b"bytes", &own, at().plus_secs(31 * day)), Err(SignatureFault::Expired));
    let mixed = Own { key: other.key.clone(), certificate: own.certificate.clone() };
    assert_eq!(sign(b"bytes", &mixed, at()), Err(SignatureFault::OtherKey));
    // Another's signature under the pinned certificate.
    let forged = other.key.signer().unwrap();
    let forged: sm2::dsa::Signature = forged.try_sign(b"bytes").unwrap();
    let forged = signature::signed_data(&own.certificate, &[], forged.to_der().as_ref()).unwrap();
    assert_eq!(verify(b"bytes", &forged, &pinned, at()), Err(SignatureFault::Altered));
}

#[test]
fn bytes_that_come_in_parts_are_the_same_bytes() {
    let own = own(1);
    let pinned = [own.certificate.clone()];
    let bytes: Vec<u8> = (0..10_000_u32).map(|at| at.to_le_bytes()[0]).collect();
    let kind = attribute(oids::CONTENT_TYPE, &oids::DATA.to_der().unwrap());
    let digest = asn1::wrap(Tag::OctetString, &[&hex(&sm3_hex(&bytes))]).unwrap();
    let attributes = [kind, attribute(oids::MESSAGE_DIGEST, &digest)];
    for signature in [sign(&bytes, &own, at()).unwrap(), with_attributes(&own, &attributes)] {
        for size in [1, 63, 64, 65, 4_096, 10_000] {
            let mut verifying = Verifying::begin(&signature, &pinned, at()).unwrap();
            for part in bytes.chunks(size) {
                verifying.update(part);
            }
            assert_eq!(verifying.finish().unwrap().fingerprint, own.certificate.fingerprint());
        }
        let mut short = Verifying::begin(&signature, &pinned, at()).unwrap();
        short.update(&bytes[1..]);
        assert_eq!(short.finish(), Err(SignatureFault::Altered));
    }
}

fn own_of_the_same_name() -> Own {
    own(2)
}

#[test]
fn no_bit_of_a_signature_is_without_meaning() {
    let own = own(1);
    let signature = sign(b"bytes", &own, at()).unwrap();
    let pinned = [own.certificate.clone()];
    for position in 0..signature.len() {
        for bit in 0..8 {
            let mut altered = signature.clone();
            altered[position] ^= 1 << bit;
            assert!(verify(b"bytes", &altered, &pinned, at()).is_err(), "byte {position} bit {bit}");
        }
        assert_eq!(verify(b"bytes", &signature[..position], &pinned, at()), Err(SignatureFault::Malformed));
    }
    let mut longer = signature.clone();
    longer.push(0);
    assert_eq!(verify(b"bytes", &longer, &pinned, at()), Err(SignatureFault::Malformed));
    let long = vec![0x30; MAX_SIGNATURE_BYTES + 1];
    assert_eq!(verify(b"bytes", &long, &pinned, at()), Err(SignatureFault::Malformed));
}

/// `signedData` with everything as it should be but for what `change` does to its parts: digest set, inner content, certificates,
/// and the signer's digest, attributes and algorithm.
fn odd(own: &Own, change: impl Fn(&mut [Vec<u8>; 6])) -> Vec<u8> {
    let signature: sm2::dsa::Signature = own.key.signer().unwrap().try_sign(b"bytes").unwrap();
    let sm3 = asn1::wrap_algorithm(oids::SM3, &[]).unwrap();
    let context = |number| asn1::context(TagNumber(number), true);
    let mut parts = [
        asn1::wrap(Tag::Set, &[&sm3]).unwrap(),
        asn1::wrap_sequence(&[&oids::DATA.to_der().unwrap()]).unwrap(),
        asn1::wrap(context(0), &[own.certificate.der()]).unwrap(),
        sm3,
        Vec::new(),
        asn1::wrap_algorithm(oids::SM2_WITH_SM3, &[]).unwrap(),
    ];
    change(&mut parts);
    let [digests, inner, certificates, digest, attributes, algorithm] = &parts;
    let one = 1_u8.to_der().unwrap();
    let signature = asn1::wrap(Tag::OctetString, &[signature.to_der().as_ref()]).unwrap();
    let signer =
        asn1::wrap_sequence(&[&one, own.certificate.identity(), digest, attributes, algorithm, &signature]).unwrap();
    let signers = asn1::wrap(Tag::Set, &[&signer]).unwrap();
    let signed = asn1::wrap_sequence(&[&one, digests, inner, certificates, &signers]).unwrap();
    let content = asn1::wrap(context(0), &[&signed]).unwrap();
    asn1::wrap_sequence(&[&oids::SIGNED_DATA.to_der().unwrap(), &content]).unwrap()
}

#[test]
fn other_algorithms_and_other_forms_are_refused_by_name() {
    let own = own(1);
    let pinned = [own.certificate.clone()];
    let judge = |change: &dyn Fn(&mut [Vec<u8>; 6])| verify(b"bytes", &odd(&own, change), &pinned, at()).map(|_| ());
    let sha256 = der::asn1::ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
    let with_null = asn1::wrap_algorithm(oids::SM3, &[5, 0]).unwrap();
    assert_eq!(judge(&|_| ()), Ok(()));
    assert_eq!(judge(&|parts| parts[3] = with_null.clone()), Ok(()), "an algorithm may have a null");
    assert_eq!(judge(&|parts| parts[5] = asn1::wrap_algorithm(oids::SM2_SIGN, &[]).unwrap()), Ok(()));
    let other = asn1::wrap_algorithm(sha256, &[]).unwrap();
    for part in [3, 5] {
        assert_eq!(judge(&|parts| parts[part] = other.clone()), Err(SignatureFault::OtherAlgorithm), "{part}");
    }
    let set = asn1::wrap(Tag::Set, &[&other]).unwrap();
    assert_eq!(judge(&|parts| parts[0] = set.clone()), Err(SignatureFault::OtherAlgorithm));
    // The bytes in the message itself, no certificate, one certificate beside the right one, a second algorithm, a parameter.
    let octets = asn1::wrap(Tag::OctetString, &[b"bytes"]).unwrap();
    let within = asn1::wrap(asn1::context(TagNumber(0), true), &[&octets]).unwrap();
    let inner = asn1::wrap_sequence(&[&oids::DATA.to_der().unwrap(), &within]).unwrap();
    assert_eq!(judge(&|parts| parts[1] = inner.clone()), Err(SignatureFault::Malformed));
    let none = asn1::wrap(asn1::context(TagNumber(0), true), &[]).unwrap();
    assert_eq!(judge(&|parts| parts[2] = none.clone()), Err(SignatureFault::WrongPerson));
    let two = [own.certificate.der(), own_of_the_same_name().certificate.der()].concat();
    let two = asn1::wrap(asn1::context(TagNumber(0), true), &[&two]).unwrap();
    assert_eq!(judge(&|parts| parts[2] = two.clone()), Ok(()), "the issuer's certificate may come along");
    let parameter = asn1::wrap_algorithm(oids::SM3, &octets).unwrap();
    assert_eq!(judge(&|parts| parts[3] = parameter.clone()), Err(SignatureFault::Malformed));
    // PKCS#7's own identifiers.
    let pkcs7 = hex("06092a864886f70d010702");
    let sm = oids::SIGNED_DATA.to_der().unwrap();
    let right = odd(&own, |_| ());
    let position = right.windows(sm.len()).position(|window| window == sm).unwrap();
    let inside = &right[position + sm.len()..];
    let foreign = asn1::wrap_sequence(&[&pkcs7, inside]).unwrap();
    assert_eq!(verify(b"bytes", &foreign, &pinned, at()), Err(SignatureFault::Malformed));
}

/// A signature over attributes, as some banks write it.
fn with_attributes(own: &Own, attributes: &[Vec<u8>]) -> Vec<u8> {
    let attributes: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
    let set = asn1::wrap(Tag::Set, &attributes).unwrap();
    let signature: sm2::dsa::Signature = own.key.signer().unwrap().try_sign(&set).unwrap();
    let attributes = asn1::wrap(asn1::context(TagNumber(0), true), &attributes).unwrap();
    signature::signed_data(&own.certificate, &attributes, signature.to_der().as_ref()).unwrap()
}

fn attribute(name: der::asn1::ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    let values = asn1::wrap(Tag::Set, &[value]).unwrap();
    asn1::wrap_sequence(&[&name.to_der().unwrap(), &values]).unwrap()
}

#[test]
fn signed_attributes_are_held_against_the_bytes_and_the_clock() {
    let own = own(1);
    let pinned = [own.certificate.clone()];
    let kind = attribute(oids::CONTENT_TYPE, &oids::DATA.to_der().unwrap());
    let octets = |bytes: &[u8]| asn1::wrap(Tag::OctetString, &[bytes]).unwrap();
    let digest = attribute(oids::MESSAGE_DIGEST, &octets(&hex(&sm3_hex(b"bytes"))));
    let time = |text: &str| attribute(oids::SIGNING_TIME, &asn1::wrap(Tag::UtcTime, &[text.as_bytes()]).unwrap());
    let judge = |attributes: &[Vec<u8>]| {
        verify(b"bytes", &with_attributes(&own, attributes), &pinned, at()).map(|signed| signed.signed_at)
    };
    assert_eq!(judge(&[kind.clone(), digest.clone()]), Ok(None));
    let signed_at = Some(Moment::from(datetime!(2026-11-23 01:00:00 UTC)));
    assert_eq!(judge(&[kind.clone(), time("261123010000Z"), digest.clone()]), Ok(signed_at));
    let other = attribute(oids::MESSAGE_DIGEST, &octets(&hex(&sm3_hex(b"others"))));
    assert_eq!(judge(&[kind.clone(), other]), Err(SignatureFault::Altered));
    for early_or_late in ["261123005859Z", "261123010501Z", "270123010000Z"] {
        let judged = judge(&[kind.clone(), time(early_or_late), digest.clone()]);
        assert_eq!(judged, Err(SignatureFault::SigningTime), "{early_or_late}");
    }
    let not_data = attribute(oids::CONTENT_TYPE, &oids::SIGNED_DATA.to_der().unwrap());
    for malformed in [
        vec![kind.clone()],
        vec![digest.clone()],
        vec![not_data, digest.clone()],
        vec![kind.clone(), digest.clone(), digest.clone()],
        vec![],
    ] {
        assert_eq!(judge(&malformed), Err(SignatureFault::Malformed));
    }
    // The signature must be over the attributes, not over the bytes.
    let plain: sm2::dsa::Signature = own.key.signer().unwrap().try_sign(b"bytes").unwrap();
    let attributes = asn1::wrap(asn1::context(TagNumber(0), true), &[&kind, &digest]).unwrap();
    let mixed = signature::signed_data(&own.certificate, &attributes, plain.to_der().as_ref()).unwrap();
    assert_eq!(verify(b"bytes", &mixed, &pinned, at()), Err(SignatureFault::Altered));
}

#[test]
fn an_envelope_opens_for_its_reader_alone() {
    let (bank, other) = (own(1), own_of_the_same_name());
    let chance = SeededChance::new(9);
    for bytes in [b"".as_slice(), b"D|1|name|card", &[7; 16], &[0x30; 100_000]] {
        let envelope = seal_for(bytes, &bank.certificate, &chance).unwrap();
        assert_eq!(open(&envelope, &bank).unwrap(), bytes);
        assert_eq!(open(&envelope, &other), Err(EnvelopeFault::OtherReader));
        assert_ne!(envelope, seal_for(bytes, &bank.certificate, &chance).unwrap(), "a key of its own each time");
        let mixed = Own { key: other.key.clone(), certificate: bank.certificate.clone() };
        assert_eq!(open(&envelope, &mixed), Err(EnvelopeFault::Altered));
    }
    let envelope = seal_for(b"D|1|name|card", &bank.certificate, &chance).unwrap();
    assert!(!envelope.windows(4).any(|window| window == b"name"));
    for length in 0..envelope.len() {
        assert!(open(&envelope[..length], &bank).is_err(), "{length}");
    }
    let mut longer = envelope.clone();
    longer.push(0);
    assert_eq!(open(&longer, &bank), Err(EnvelopeFault::Malformed));
    for position in 0..envelope.len() {
        let mut altered = envelope.clone();
        altered[position] ^= 1;
        // The mode has no seal of its own: an altered block may open to other bytes, which their signature then gives away.
        assert_ne!(open(&altered, &bank).as_deref(), Ok(b"D|1|name|card".as_slice()), "byte {position}");
    }
    assert_eq!(seal_for(&vec![0; MAX_ENVELOPE_BYTES], &bank.certificate, &chance), Err(EnvelopeFault::TooLong));
}

#[test]
fn depth_and_length_cost_nothing() {
    let own = own(1);
    // A hundred thousand sequences in one another, lengths that promise gigabytes, a length of indefinite form.
    let mut deep = Vec::new();
    for _ in 0..16_000 {
        deep = [&[0x30, 0x83][..], &u32::try_from(deep.len()).unwrap().to_be_bytes()[1..], &deep].concat();
    }
    for bomb in [&deep[..], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x30, 0x80, 0, 0], &[0x30; 60_000], &[0xa0; 9]] {
        assert_eq!(verify(b"", bomb, std::slice::from_ref(&own.certificate), at()), Err(SignatureFault::Malformed));
        assert_eq!(open(bomb, &own), Err(EnvelopeFault::Malformed));
        assert_eq!(Certificate::read(bomb), Err(CertificateFault::Malformed));
        assert_eq!(SecretKey::read(bomb).map(|_| ()), Err(KeyFault));
    }
}

#[test]
fn keys_and_certificates_are_read_as_they_were_written() {
    let own = own(1);
    let pem = own.certificate.to_pem().unwrap();
    assert_eq!(Certificate::read(pem.as_bytes()), Ok(own.certificate.clone()));
    assert_eq!(Certificate::read(own.certificate.der()), Ok(own.certificate.clone()));
    let key = SecretKey::read(own.key.to_pem().unwrap().as_bytes()).unwrap();
    assert!(own.certificate.belongs_to(&key));
    assert!(!own_of_the_same_name().certificate.belongs_to(&key));
    assert_eq!(format!("{key:?}"), "(hidden)");
    assert_eq!(own.certificate.not_before(), at().plus_secs(-60));
    assert!(Own::self_signed("", at(), 1, &SeededChance::new(1)).is_err());
    assert!(Own::self_signed("Fund", at(), 1, &SeededChance::new(1)).is_err());
    assert!(Own::self_signed("CN=Fund", Moment::from_ms(-1), 1, &SeededChance::new(1)).is_err());
    assert!(Own::self_signed("CN=Fund", at(), u32::MAX, &SeededChance::new(1)).is_err());
}

#[test]
fn what_openssl_signed_is_verified() {
    // OpenSSL 3.0.19: `openssl req -x509 -sm3 -sigopt distid:1234567812345678`, `openssl pkeyutl -sign -rawin -digest sm3`. The other
    // way round, a certificate that we signed, is `tests/gm/openssl.sh`.
    let theirs = Certificate::read(include_bytes!("../../tests/gm/openssl.crt")).unwrap();
    let signature = include_bytes!("../../tests/gm/openssl.sig");
    let message = signature::signed_data(&theirs, &[], signature).unwrap();
    let when = theirs.not_before();
    assert!(verify(b"bytes", &message, std::slice::from_ref(&theirs), when).is_ok());
    assert_eq!(verify(b"byte", &message, &[theirs], when), Err(SignatureFault::Altered));
    let other_curve = Certificate::read(include_bytes!("../../tests/gm/p256.crt"));
    assert_eq!(other_curve, Err(CertificateFault::OtherAlgorithm));
}
