"""Tests a running sandbox against the committed OpenAPI document with schemathesis.

    python tests/peers/contract.py http://127.0.0.1:8080

The server needs NEGOZIO_RATE_LIMITS=off, and is spent afterwards: its clock has been moved.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

HERE = pathlib.Path(__file__).parent
DOCUMENT = HERE.parent.parent / "openapi" / "openapi.json"
PASSWORD = "negozio-sandbox-2026"
ADDRESS = {"street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "MI"}


class Caller:
    def __init__(self, base, email):
        self.base, self.email, self.headers = base, email, {}
        token = self("POST", "/sessions", {"email": email, "password": PASSWORD})["access_token"]
        self.headers["authorization"] = f"Bearer {token}"

    def __call__(self, method, path, body=None, **headers):
        headers = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            headers["content-type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base}/v1{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or "null")

    def cart(self, plan, profile):
        opened = self("POST", "/carts", {"items": [{"plan_id": plan, "quantity": 1}]})
        path = f"/carts/{opened['id']}"
        self("POST", f"{path}/claim", x_cart_token=opened["token"])
        self("PUT", f"{path}/billing-profile", {"billing_profile_id": profile})
        return opened["id"]

    def order(self, plan, profile, coupon=None):
        path = f"/carts/{self.cart(plan, profile)}"
        if coupon:
            self("PUT", f"{path}/coupon", {"code": coupon})
        else:
            self("PUT", f"{path}/payment-method", {"method": "card"})
        return self("POST", f"{path}/checkout", {}, idempotency_key=str(uuid.uuid4()))

    def challenge(self, request):
        return self("POST", f"/activation-requests/{request}/otp-challenges", {"email": self.email})["id"]

    def newest_code(self):
        for _ in range(100):
            mails = self("GET", f"/sandbox/mailbox?to={self.email}")["items"]
            if code := next((mail["otp"] for mail in mails if "otp" in mail), None):
                return code
            time.sleep(0.1)
        raise SystemExit("no code came")


def make_things(base):
    """Things of the customer's in several states, so that random requests meet something that exists."""
    customer = Caller(base, "customer@example.com")
    plans = [plan["id"] for plan in customer("GET", "/plans")["items"]]
    person = customer("GET", "/sandbox/specimens/person")
    fields = {name: person[name] for name in ["first_name", "last_name", "codice_fiscale"]}
    profiles = [customer("POST", "/billing-profiles", {"kind": "person", **fields, "address": ADDRESS})["id"] for _ in range(4)]
    carts = [customer.cart(plans[0], profiles[0]) for _ in range(4)]
    items = [customer("GET", f"/carts/{cart}")["items"][0]["id"] for cart in carts]
    unpaid = [customer.order(plans[1], profiles[0]) for _ in range(3)]
    free = [customer.order(plan, profiles[0], "BENVENUTO100") for plan in plans]
    requests = [order["activation_requests"][0]["id"] for order in free]
    first = customer.challenge(requests[0])
    customer("POST", f"/otp-challenges/{first}/verification", {"code": customer.newest_code()})
    customer("PUT", f"/activation-requests/{requests[0]}/holder", {"holder_type": "person", **fields, "address": ADDRESS})
    return {
        "plans": plans,
        "carts": carts,
        "billing_profiles": profiles[1:],
        "items": items,
        "orders": [order["id"] for order in unpaid + free],
        "payments": [order["payments"][0]["id"] for order in unpaid],
        "requests": requests,
        "challenges": [first, customer.challenge(requests[1])],
    }


def register(base, email):
    """An account that may be erased."""
    consents = {"terms_version": "2026-01", "privacy_notice_version": "2026-01", "marketing": "denied"}
    body = {"email": email, "password": PASSWORD, "first_name": "Mario", "last_name": "Rossi", "consents": consents}
    request = urllib.request.Request(f"{base}/v1/accounts", json.dumps(body).encode(), {"content-type": "application/json"})
    urllib.request.urlopen(request, timeout=20).close()
    return email


def run(base, folder, caller, *which):
    print(f"== as {caller}: {' '.join(which)}", flush=True)
    command = [
        pathlib.Path(sys.executable).with_name("schemathesis"), "--no-color",
        "--config-file", f"{folder}/contract.toml", "run", DOCUMENT, "--url", base,
        "--max-examples", "20", "--seed", "1", "--workers", "2", "--continue-on-failure", *which,
    ]
    environment = os.environ | {"NEGOZIO_CALLER": caller, "NEGOZIO_PASSWORD": PASSWORD}
    return subprocess.run(command, env=environment, cwd=folder).returncode == 0


def test(base):
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(HERE / "contract.toml", folder)
        for name, identifiers in make_things(base).items():
            pathlib.Path(folder, name).write_text("".join(f'"{identifier}"\n' for identifier in identifiers))
        # What ends the account, or every session at once, comes last and on an account of its own.
        last = ["delete_account", "advance_sandbox_clock"]
        passed = [
            run(base, folder, "customer@example.com", "--exclude-tag", "back office", *[f"--exclude-operation-id={name}" for name in last]),
            run(base, folder, "admin@example.com", "--include-tag", "back office"),
            run(base, folder, register(base, "leaving@example.com"), *[f"--include-operation-id={name}" for name in last]),
        ]
    raise SystemExit(0 if all(passed) else 1)


if __name__ == "__main__":
    test(sys.argv[1])
