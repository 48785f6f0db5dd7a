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


def fiscal(person):
    return {name: person[name] for name in ["first_name", "last_name", "codice_fiscale"]}


class Caller:
    def __init__(self, base, email):
        self.base, self.email, self.headers = base, email, {}
        token = self("POST", "/sessions", {"email": email, "password": PASSWORD})["access_token"]
        self.headers["authorization"] = f"Bearer {token}"

    def __call__(self, method, path, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            headers["content-type"] = "application/json"
        return json.loads(self.send(method, path, None if body is None else json.dumps(body).encode(), headers) or "null")

    def send(self, method, path, data=None, headers={}):
        request = urllib.request.Request(f"{self.base}/v1{path}", data, self.headers | headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def cart(self, plan, profile):
        opened = self("POST", "/carts", {"items": [{"plan_id": plan, "quantity": 1}]})
        path = f"/carts/{opened['id']}"
        self("POST", f"{path}/claim", {"merge": False}, x_cart_token=opened["token"])
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

    def prove_address(self, request):
        """Answers the challenge that was verified."""
        before = self.codes()
        challenge = self.challenge(request)
        for _ in range(100):
            if fresh := [code for code in self.codes() if code not in before]:
                self("POST", f"/otp-challenges/{challenge}/verification", {"code": fresh[0]})
                return challenge
            time.sleep(0.1)
        raise SystemExit("no code came")

    def codes(self):
        return [mail["otp"] for mail in self("GET", f"/sandbox/mailbox?to={self.email}")["items"] if "otp" in mail]

    def begin_activation(self):
        """Buys with a card, proves the address and names holder and applicant; answers the activation request."""
        person = self("GET", "/sandbox/specimens/person")
        profile = self("POST", "/billing-profiles", {"kind": "person", **fiscal(person), "address": ADDRESS})["id"]
        order = self.order(self("GET", "/plans")["items"][0]["id"], profile)
        self("POST", f"/sandbox/payments/{order['payments'][0]['id']}/outcome", {"outcome": "succeeded"})
        request = self("GET", f"/orders/{order['id']}")["activation_requests"][0]["id"]
        self.prove_address(request)
        self.name(request, person)
        return request

    def name(self, request, person):
        """A person as holder and applicant."""
        path = f"/activation-requests/{request}"
        self("PUT", f"{path}/holder", {"holder_type": "person", **fiscal(person), "address": ADDRESS})
        self("PUT", f"{path}/applicant", {"role": "holder", **person})

    def fill_in(self, request):
        """Holder, applicant and identity document of a fresh person; answers the document's identifier."""
        self.name(request, self("GET", "/sandbox/specimens/person"))
        return self.upload(request, self.card())["id"]

    def card(self):
        """The two sides of a drawn identity card."""
        return {side: self.send("GET", f"/sandbox/specimens/identity-card?side={side}") for side in ["front", "back"]}

    def upload(self, request, pictures):
        """Hands in the two sides of an identity card; answers the document."""
        document = {"kind": "identity_card", "number": "CA12345AB", "issued_on": "2024-05-02", "expires_on": "2034-05-02"}
        parts = [(name, "", value.encode()) for name, value in document.items()]
        parts += [(name, f'; filename="{name}.jpg"', value) for name, value in pictures.items()]
        boundary = uuid.uuid4().hex
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n'
        body = b"".join((head % (name, file)).encode() + value + b"\r\n" for name, file, value in parts)
        body += f"--{boundary}--\r\n".encode()
        headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
        return json.loads(self.send("POST", f"/activation-requests/{request}/identity-documents", body, headers))

    def submit(self, request):
        for contract in self("GET", f"/activation-requests/{request}/contracts")["items"]:
            path, agreed = f"/contracts/{contract['id']}", {"document_sha256": contract["document_sha256"]}
            self.send("GET", f"{path}/pdf")
            self("POST", f"{path}/acceptance", agreed)
            if clauses := [clause["id"] for clause in contract["onerous_clauses"]]:
                self("POST", f"{path}/specific-approval", agreed | {"clause_ids": clauses})
        self("POST", f"/activation-requests/{request}/submission")


def make_things(base):
    """Things of the customer's in several states, so that random requests meet something that exists."""
    customer = Caller(base, "customer@example.com")
    plans = [plan["id"] for plan in customer("GET", "/plans")["items"]]
    person = customer("GET", "/sandbox/specimens/person")
    profile = {"kind": "person", **fiscal(person), "address": ADDRESS}
    profiles = [customer("POST", "/billing-profiles", profile)["id"] for _ in range(4)]
    carts = [customer.cart(plans[0], profiles[0]) for _ in range(4)]
    items = [customer("GET", f"/carts/{cart}")["items"][0]["id"] for cart in carts]
    unpaid = [customer.order(plans[1], profiles[0]) for _ in range(3)]
    free = [customer.order(plan, profiles[0], "BENVENUTO100") for plan in plans]
    requests = [order["activation_requests"][0]["id"] for order in free]
    # One request waits for an address, one for data, one for the contracts, and one for the reviewer.
    _, in_data, in_contracts, in_review = requests
    challenges = [customer.prove_address(request) for request in [in_data, in_contracts, in_review]]
    pictures = [customer.fill_in(request) for request in [in_contracts, in_review]]
    contracts = [contract["id"] for contract in customer("GET", f"/activation-requests/{in_contracts}/contracts")["items"]]
    customer.submit(in_review)
    return {
        "plans": plans,
        "carts": carts,
        "billing_profiles": profiles[1:],
        "items": items,
        "orders": [order["id"] for order in unpaid + free],
        "payments": [order["payments"][0]["id"] for order in unpaid],
        "requests": requests,
        "challenges": [challenges[0], customer.challenge(requests[0])],
        "pictures": pictures,
        "contracts": contracts,
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
        "--max-examples", "20", "--seed", "1", "--continue-on-failure", *which,
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
        # What drops everything would leave the others nothing to test; tests/it resets a sandbox of its own. And the
        # events of a request that is not over have no end.
        never = ["reset_sandbox", "follow_activation_request"]
        passed = [
            run(base, folder, "customer@example.com", "--exclude-tag", "back office", *[f"--exclude-operation-id={name}" for name in last + never]),
            run(base, folder, "admin@example.com", "--include-tag", "back office"),
            run(base, folder, register(base, "leaving@example.com"), *[f"--include-operation-id={name}" for name in last]),
        ]
    raise SystemExit(0 if all(passed) else 1)


if __name__ == "__main__":
    test(sys.argv[1])
