"""Signs schemathesis in: each operation is asked by somebody who may ask it, chosen by its x-permissions."""

import sys
import threading
import time
from pathlib import Path

import schemathesis

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from people import BANK, MEMBER, Demo  # noqa: E402

demo = Demo()

# Who asks an operation, by the beginning of its first permission; a member asks the rest.
ROLES = {
    "bank:": BANK,
    "review:": "reviewer",
    "payout:prepare": "payout_maker",
    "payout:release": "payout_checker",
    "payout:read": "auditor",
    "ledger:": "auditor",
    "break:": "auditor",
    "audit:": "auditor",
    "plan:": "plan_editor",
}


def asker(operation):
    permissions = operation.definition.raw.get("x-permissions") or [""]
    role = next((role for start, role in ROLES.items() if permissions[0].startswith(start)), MEMBER)
    # Ending a session must not sign the others out.
    return role, 1 if permissions[0].startswith("session:") else 0


@schemathesis.serializer("application/offset+octet-stream")
def part_of_a_file(context, value):
    """The bytes of an upload go as they are."""
    return value if isinstance(value, bytes) else str(value).encode()


class Tokens:
    """One token for each asker, fetched again before it ends: codes by SMS are few, and a session that was ended stays so."""

    LIFE_SECS = 480

    def __init__(self):
        self.lock, self.kept = threading.Lock(), {}

    def get(self, key):
        with self.lock:
            token, fetched = self.kept.get(key, (None, -self.LIFE_SECS))
            if time.monotonic() - fetched >= self.LIFE_SECS:
                token = demo.token(*key)
                self.kept[key] = token, time.monotonic()
            return token


tokens = Tokens()


@schemathesis.auth(refresh_interval=None)
class SignedIn:
    def get(self, case, context):
        return tokens.get(asker(case.operation))

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"
