"""Signs in to a demo as anybody of its city, through public HTTP.

Owns nothing of the service: a code for sign-in is read in the outbox of the demo, as a person reads it on the phone.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import struct
import time
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MEMBER, BANK = "member", "card_bank"


class Refused(AssertionError):
    """A sign-in did not succeed."""

    def __init__(self, path, answer):
        super().__init__(f"{path}: {answer.status_code} {answer.text}")
        self.status = answer.status_code


class Demo:
    """A running demo: where it answers and how its people sign in."""

    def __init__(self, url=None, directory=None):
        self.url = url or os.environ["DEMO_URL"]
        self.dir = Path(directory or os.environ["DEMO_DIR"])
        self.credentials = json.loads((self.dir / "demo/credentials.json").read_text(encoding="utf-8"))
        self.http = httpx.Client(base_url=self.url, timeout=30)

    def token(self, role, number=0):
        """A fresh access token of the member, staff or program with this role."""
        if role == MEMBER:
            return self.member_token(self.credentials["members"][number]["phone"])
        if role == BANK:
            return self.bank_token()
        staff = [person for person in self.credentials["staff"] if person["role"] == role]
        return self.staff_token(staff[number])

    def member_token(self, phone):
        device = {"device_id": secrets.token_urlsafe(12), "device_secret": secrets.token_urlsafe(32)}
        asked = self.post("/v1/sign-in/otp", {"phone": phone, "device_id": device["device_id"]})
        code = self.code_sent_to(phone)
        body = {"challenge_id": asked["challenge_id"], "code": code, **device}
        return self.post("/v1/sign-in/otp/verify", body)["access_token"]

    def code_sent_to(self, phone):
        messages = self.http.get("/v1/demo/sms-outbox", params={"phone": phone}).json()["items"]
        return re.search(r"\b\d{6}\b", messages[0]).group()

    def staff_token(self, staff):
        body = {
            "login": staff["login"],
            "password": staff["password"],
            "totp_code": totp(staff["totp_secret"]),
            "device_id": secrets.token_urlsafe(12),
            "device_secret": secrets.token_urlsafe(32),
        }
        return self.post("/v1/sign-in/staff", body)["access_token"]

    def bank_form(self, issuer):
        """What the bank's program asks a token with: an assertion that it signs with its key (RFC 7523)."""
        client = self.credentials["clients"][0]
        key = ed25519_key(client["private_key_pem"])
        now = int(time.time())
        claims = {"iss": client["client_id"], "sub": client["client_id"], "aud": issuer, "iat": now, "exp": now + 60, "jti": secrets.token_hex(16)}
        signed = ".".join(compact(part) for part in ({"alg": "EdDSA", "kid": client["kid"], "typ": "JWT"}, claims))
        return {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": f"{signed}.{base64url(key.sign(signed.encode()))}",
        }

    def bank_token(self):
        answer = self.http.post("/v1/oauth/token", data=self.bank_form(self.url))
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def post(self, path, body):
        answer = self.http.post(path, json=body)
        if not answer.is_success:
            raise Refused(path, answer)
        return answer.json()


def ed25519_key(pem):
    """PKCS #8 with the public key beside the private one (RFC 5958), which the library's own reader refuses."""
    der = base64.b64decode("".join(line for line in pem.splitlines() if not line.startswith("-")))
    start = der.index(b"\x04\x22\x04\x20") + 4
    return Ed25519PrivateKey.from_private_bytes(der[start : start + 32])


def totp(secret, now=None):
    """RFC 6238 with SHA-1, 30 seconds and six digits."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    counter = struct.pack(">Q", int((now or time.time()) // 30))
    mac = hmac.new(key, counter, hashlib.sha1).digest()
    start = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[start:start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def compact(value):
    return base64url(json.dumps(value, separators=(",", ":")).encode())


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
