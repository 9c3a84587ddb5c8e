"""Signing in and reading answers with the generated client (package `huzhu`): every answer is one of its models or a failure."""

import secrets
import time
from contextlib import contextmanager

import httpx
from huzhu import AuthenticatedClient, Client
from huzhu.api.public import get_authorization_server
from huzhu.api.sign_in import ask_sign_in_code, fetch_tokens, sign_in_member, sign_in_staff
from huzhu.models import AskCode, CodeAsked, Problem, ServerMetadata, StaffSignIn, TokenForm, TokenSet, VerifyCode
from people import Demo, totp


@contextmanager
def step(name):
    """Prints a step and how long it took."""
    began = time.monotonic()
    print(f"  {name} …", end=" ", flush=True)
    yield
    print(f"{time.monotonic() - began:.1f} s")


def good(answer, model, status=200):
    """The answer's model; its status is this one."""
    assert answer.status_code == status, f"{answer.status_code} {answer.content.decode(errors='replace')}"
    assert isinstance(answer.parsed, model), f"{model.__name__} was expected: {answer.parsed}"
    return answer.parsed


def refused(answer, status, code):
    """The problem of an answer that must be this refusal."""
    problem = good(answer, Problem, status)
    assert (problem.status, problem.code) == (status, code), problem
    assert problem.type_.endswith(code) and problem.title and problem.instance.startswith("urn:uuid:"), problem


def wait_for(what, look, secs=120):
    """Looks again and again until there is something."""
    until = time.monotonic() + secs
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {secs} s")


class Town:
    """The people of a running demo, as they sign in."""

    def __init__(self):
        self.demo = Demo()
        self.anybody = Client(base_url=self.demo.url)

    def _as(self, tokens):
        assert tokens.token_type == "Bearer" and tokens.expires_in <= 600, tokens
        return AuthenticatedClient(base_url=self.demo.url, token=tokens.access_token, raise_on_unexpected_status=True)

    def member(self, number):
        phone = self.demo.credentials["members"][number]["phone"]
        device = {"device_id": secrets.token_urlsafe(12), "device_secret": secrets.token_urlsafe(32)}
        ask = AskCode(phone=phone, device_id=device["device_id"])
        asked = good(ask_sign_in_code.sync_detailed(client=self.anybody, body=ask), CodeAsked, 202)
        body = VerifyCode(challenge_id=asked.challenge_id, code=self.demo.code_sent_to(phone), **device)
        return self._as(good(sign_in_member.sync_detailed(client=self.anybody, body=body), TokenSet))

    def staff(self, login):
        person = next(one for one in self.demo.credentials["staff"] if one["login"] == login)
        body = StaffSignIn(
            login=login,
            password=person["password"],
            totp_code=totp(person["totp_secret"]),
            device_id=secrets.token_urlsafe(12),
            device_secret=secrets.token_urlsafe(32),
        )
        return self._as(good(sign_in_staff.sync_detailed(client=self.anybody, body=body), TokenSet))

    def bank(self):
        server = good(get_authorization_server.sync_detailed(client=self.anybody), ServerMetadata)
        assert "private_key_jwt" in server.token_endpoint_auth_methods_supported, server
        form = TokenForm(**self.demo.bank_form(server.issuer))
        return self._as(good(fetch_tokens.sync_detailed(client=self.anybody, body=form), TokenSet))

    def close_bank_day(self):
        """At the simulator, which then has a statement of the day."""
        url = (self.demo.dir / "bank-sim/url").read_text(encoding="utf-8").strip()
        httpx.post(f"{url}/sim/day/close").raise_for_status()
