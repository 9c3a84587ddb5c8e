"""Signs schemathesis in: each operation is asked by somebody who may ask it, chosen by its x-permissions."""

import sys
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


@schemathesis.auth(cache_by_key=lambda case, context: "{}-{}".format(*asker(case.operation)), refresh_interval=480)
class SignedIn:
    def get(self, case, context):
        return demo.token(*asker(case.operation))

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"
