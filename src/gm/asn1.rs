//! DER taken apart and put together, one level at a time: nothing here calls itself, so depth costs nothing.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Encode, Header, Reader, SliceReader, Tag, TagNumber};

/// Most elements that any level of a message has.
const MAX_PARTS: usize = 16;

/// The one element that `bytes` are, to the last byte.
pub fn whole(bytes: &[u8]) -> Option<AnyRef<'_>> {
    AnyRef::from_der(bytes).ok()
}

/// The elements within `outer`, which has the tag `tag`.
pub fn parts<'a>(outer: AnyRef<'a>, tag: Tag) -> Option<Vec<AnyRef<'a>>> {
    if outer.header().tag() != tag {
        return None;
    }
    let mut reader = SliceReader::new(outer.value()).ok()?;
    let mut parts = Vec::new();
    while !reader.is_finished() {
        if parts.len() == MAX_PARTS {
            return None;
        }
        parts.push(AnyRef::decode(&mut reader).ok()?);
    }
    Some(parts)
}

/// The elements of a sequence.
pub fn sequence(outer: AnyRef<'_>) -> Option<Vec<AnyRef<'_>>> {
    parts(outer, Tag::Sequence)
}

/// The elements of a set, in the order of the bytes: not all who write them sort them.
pub fn set(outer: AnyRef<'_>) -> Option<Vec<AnyRef<'_>>> {
    parts(outer, Tag::Set)
}

/// The tag `[number]`, constructed or not.
pub const fn context(number: TagNumber, constructed: bool) -> Tag {
    Tag::ContextSpecific { constructed, number }
}

/// Whether `part` is the whole number `number`.
pub fn is_number(part: AnyRef<'_>, number: u8) -> bool {
    part.decode_as::<u8>().is_ok_and(|found| found == number)
}

/// The bytes of an octet string.
pub fn octets(part: AnyRef<'_>) -> Option<&[u8]> {
    (part.header().tag() == Tag::OctetString).then(|| part.value())
}

/// The identifier that `part` is.
pub fn oid(part: AnyRef<'_>) -> Option<ObjectIdentifier> {
    part.decode_as().ok()
}

/// The algorithm that `part` names, which has no parameters.
pub fn plain_algorithm(part: AnyRef<'_>) -> Option<ObjectIdentifier> {
    let (name, parameters) = algorithm(part)?;
    parameters.is_none_or(AnyRef::is_null).then_some(name)
}

/// The algorithm that `part` names and its parameters.
pub fn algorithm(part: AnyRef<'_>) -> Option<(ObjectIdentifier, Option<AnyRef<'_>>)> {
    match sequence(part)?[..] {
        [name] => Some((oid(name)?, None)),
        [name, parameters] => Some((oid(name)?, Some(parameters))),
        _ => None,
    }
}

/// `part` with its tag and length, as it stood in the message: DER has one way to write it.
pub fn bytes_of(part: AnyRef<'_>) -> der::Result<Vec<u8>> {
    part.to_der()
}

/// An element with the tag `tag` around `contents`, one after the other.
pub fn wrap(tag: Tag, contents: &[&[u8]]) -> der::Result<Vec<u8>> {
    let length = contents.iter().try_fold(der::Length::ZERO, |sum, part| sum + der::Length::try_from(part.len())?)?;
    let mut bytes = Header::new(tag, length).to_der()?;
    for part in contents {
        bytes.extend_from_slice(part);
    }
    Ok(bytes)
}

/// A sequence of `contents`.
pub fn wrap_sequence(contents: &[&[u8]]) -> der::Result<Vec<u8>> {
    wrap(Tag::Sequence, contents)
}

/// An algorithm with its parameters, each encoded; none: an empty slice.
pub fn wrap_algorithm(name: ObjectIdentifier, parameters: &[u8]) -> der::Result<Vec<u8>> {
    wrap_sequence(&[&name.to_der()?, parameters])
}
