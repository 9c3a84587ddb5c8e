"""The bank's side of GM/T 0010-2012, by OpenSSL: opens an envelope, signs a file, checks a signature. Nothing of the service is used.

A message is a list of DER parts, of which these few lines read and write what is needed.
"""

import subprocess
import tempfile
from pathlib import Path

USER_ID = "distid:1234567812345678"
SEQUENCE, SET, OCTETS, OID, ZERO, IMPLICIT_ZERO = 0x30, 0x31, 0x04, 0x06, 0xA0, 0x80
DATA, SIGNED_DATA, ENVELOPED_DATA = ("2a811ccf550601040201", "2a811ccf550601040202", "2a811ccf550601040203")
SM3, SM2_WITH_SM3, SM2_ENCRYPT = ("2a811ccf55018311", "2a811ccf55018375", "2a811ccf5501822d03")


def parts(der):
    """The parts that stand in `der` one after the other, each with its tag."""
    found, at = [], 0
    while at < len(der):
        tag, size, start = der[at], der[at + 1], at + 2
        if size >= 0x80:
            start += size & 0x7F
            size = int.from_bytes(der[at + 2 : start], "big")
        assert start + size <= len(der), "a part is longer than its whole"
        found.append((tag, der[start : start + size]))
        at = start + size
    return found


def inside(der, tag):
    """The parts in the only part of `der`, which has this tag."""
    [(found, value)] = parts(der)
    assert found == tag, f"{found:#x} is not {tag:#x}"
    return parts(value)


def wrap(tag, *contents):
    value = b"".join(contents)
    size = len(value)
    if size < 0x80:
        return bytes([tag, size]) + value
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + value


def name(hexadecimal):
    return wrap(OID, bytes.fromhex(hexadecimal))


def openssl(*arguments, stdin=b""):
    done = subprocess.run(["openssl", *map(str, arguments)], input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def open_envelope(envelope, key_file):
    """What is in an envelope for the key: SM2 opens the key, SM4 in CBC mode the content."""
    [(_, kind), (_, outer)] = inside(envelope, SEQUENCE)
    assert kind.hex() == ENVELOPED_DATA, kind.hex()
    _, (_, recipients), (_, content) = inside(outer, SEQUENCE)
    _, _, (_, algorithm), (_, sealed_key) = inside(recipients, SEQUENCE)
    assert parts(algorithm)[0][1].hex() == SM2_ENCRYPT
    (_, inner), (_, algorithm), (tag, sealed) = parts(content)
    assert inner.hex() == DATA and tag == IMPLICIT_ZERO
    vector = parts(algorithm)[1][1]
    key = openssl("pkeyutl", "-decrypt", "-inkey", key_file, stdin=sealed_key)
    return openssl("enc", "-d", "-sm4-cbc", "-K", key.hex(), "-iv", vector.hex(), stdin=sealed)


def identity(certificate):
    """Issuer and serial number of a certificate."""
    [(_, body), _, _] = inside(certificate, SEQUENCE)
    [_, (serial_tag, serial), _, (issuer_tag, issuer)] = parts(body)[:4]
    return wrap(SEQUENCE, wrap(issuer_tag, issuer), wrap(serial_tag, serial))


def sign(content, key_file, certificate_file):
    """The detached signature over `content`, as GM/T 0010 has it, without attributes."""
    certificate = openssl("x509", "-in", certificate_file, "-outform", "DER")
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(content)
        rules = ("-rawin", "-digest", "sm3", "-pkeyopt", USER_ID)
        signature = openssl("pkeyutl", "-sign", *rules, "-inkey", key_file, "-in", file.name)
    one, sm3 = bytes.fromhex("020101"), wrap(SEQUENCE, name(SM3))
    signer = wrap(SEQUENCE, one, identity(certificate), sm3, wrap(SEQUENCE, name(SM2_WITH_SM3)), wrap(OCTETS, signature))
    signed = wrap(SEQUENCE, one, wrap(SET, sm3), wrap(SEQUENCE, name(DATA)), wrap(ZERO, certificate), wrap(SET, signer))
    return wrap(SEQUENCE, name(SIGNED_DATA), wrap(ZERO, signed))


def verify(content, message, certificate_file):
    """Fails unless `message` is a signature over `content` by the key of the certificate."""
    [(_, kind), (_, outer)] = inside(message, SEQUENCE)
    assert kind.hex() == SIGNED_DATA, kind.hex()
    signer = parts(inside(outer, SEQUENCE)[-1][1])[0][1]
    signature = parts(signer)[-1][1]
    with tempfile.TemporaryDirectory() as folder:
        file, signed = Path(folder, "file"), Path(folder, "signature")
        file.write_bytes(content)
        signed.write_bytes(signature)
        rules = ("-rawin", "-digest", "sm3", "-pkeyopt", USER_ID, "-certin", "-inkey", certificate_file)
        openssl("pkeyutl", "-verify", *rules, "-in", file, "-sigfile", signed)
