"""Mail over SMTP, with a real mail server on loopback that is down at first, busy once, and refuses one address.

    python tests/peers/smtp.py NEGOZIO_BINARY
"""

import contextlib
import email
import email.policy
import email.utils
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from aiosmtpd.controller import Controller

PASSWORD = "una frase che ricordo"
SENDER = "Perché no? Negozio <no-reply@example.com>"


class Keeper:
    """Keeps every message that was handed over, and what it answered."""

    def __init__(self):
        self.handed_over = []

    async def handle_DATA(self, server, session, envelope):
        recipient = envelope.rcpt_tos[0]
        if recipient.startswith("busy") and not self.to(recipient):
            answer = "451 try again later"
        elif recipient.startswith("refused"):
            answer = "550 no such mailbox"
        else:
            answer = "250 kept"
        self.handed_over.append((recipient, envelope.original_content, answer))
        return answer

    def to(self, recipient):
        return [(raw, answer) for to, raw, answer in self.handed_over if to == recipient]


def free_port():
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]


def call(method, url, body=None, token=None):
    headers = {"content-type": "application/json"} if body else {}
    if token:
        headers["authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, json.dumps(body).encode() if body else None, headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def wait_for(what, condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if found := condition():
                return found
        time.sleep(0.1)
    raise SystemExit(f"waited {seconds} s in vain for {what}")


@contextlib.contextmanager
def server(binary, smtp_port):
    """A sandbox that sends its mails to that port."""
    with tempfile.TemporaryDirectory() as folder:
        bind = f"127.0.0.1:{free_port()}"
        settings = {
            "NEGOZIO_DATA_DIR": folder,
            "DATABASE_URL": f"sqlite://{folder}/negozio.db",
            "NEGOZIO_BIND": bind,
            "NEGOZIO_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
            "NEGOZIO_MAIL_FROM": SENDER,
        }
        with open(f"{folder}/log", "w+") as log:
            process = subprocess.Popen([binary, "serve"], env=os.environ | settings, stdout=log, stderr=log)
            try:
                wait_for("the server", lambda: call("GET", f"http://{bind}/health/ready"))
                yield f"http://{bind}/v1"
            except BaseException:
                log.seek(0)
                print(log.read(), file=sys.stderr)
                raise
            finally:
                process.terminate()
                process.wait(20)


def register(api, address):
    consents = {"terms_version": "2026-01", "privacy_notice_version": "2026-01", "marketing": "denied"}
    body = {"email": address, "password": PASSWORD, "first_name": "Niccolò", "last_name": "Rossi", "consents": consents}
    return call("POST", f"{api}/accounts", body)["session"]["access_token"]


def check(raw, recipient, subject):
    """A mail as RFC 5322 and MIME want it: headers in ASCII, lines within bounds, the same in text and HTML."""
    head = raw.split(b"\r\n\r\n")[0]
    assert head.isascii(), head
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"") and b"\r" not in raw.replace(b"\r\n", b"")
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    names = [name.lower() for name in mail.keys()]
    for name in ["from", "to", "subject", "date", "message-id", "mime-version"]:
        assert names.count(name) == 1, (name, names)
    assert mail["subject"] == subject, mail["subject"]
    assert mail["to"].addresses[0].addr_spec == recipient
    sender = mail["from"].addresses[0]
    assert f"{sender.display_name} <{sender.addr_spec}>" == SENDER, sender
    assert abs(mail["date"].datetime.timestamp() - time.time()) < 120, mail["date"]
    assert mail["message-id"].startswith("<job_") and mail["message-id"].endswith("@example.com>")
    assert mail.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in mail.iter_parts()]
    assert kinds == ["text/plain", "text/html"], kinds
    for part in mail.iter_parts():
        assert part.get_content_charset() == "utf-8" and "Niccolò" in part.get_content()
    assert not [defect for part in mail.walk() for defect in part.defects]
    return mail


def test(binary):
    port, keeper = free_port(), Keeper()
    late, busy, refused = "late@example.com", "busy@example.com", "refused@example.com"
    with server(binary, port) as api:
        token = register(api, late)
        time.sleep(1)
        mails = Controller(keeper, hostname="127.0.0.1", port=port)
        mails.start()
        try:
            call("PUT", f"{api}/account/password", {"current_password": PASSWORD, "new_password": f"{PASSWORD} bene"}, token)
            register(api, refused)
            register(api, busy)
            changed = wait_for("the mail about the password", lambda: keeper.to(late))
            check(changed[0][0], late, "La tua password è stata cambiata")
            print("ok  a subject and a sender with accents are encoded")
            wait_for("the mail that found no server", lambda: len(keeper.to(late)) == 2)
            check(keeper.to(late)[1][0], late, "Conferma il tuo indirizzo e-mail")
            print("ok  a mail that found no server comes later, in text and HTML")
            wait_for("the second try", lambda: len(keeper.to(busy)) == 2)
            first, second = [check(raw, busy, "Conferma il tuo indirizzo e-mail") for raw, _ in keeper.to(busy)]
            assert first["message-id"] == second["message-id"]
            print("ok  a second try bears the same Message-ID")
            time.sleep(6)
            assert len(keeper.to(late)) == 2 and len(keeper.to(busy)) == 2
            shown = call("GET", f"{api}/sandbox/mailbox?to={busy}")["items"]
            assert len(shown) == 1, shown
            print("ok  each mail was sent once")
            assert len(keeper.to(refused)) == 1, f"a refusal for good was tried {len(keeper.to(refused))} times"
            print("ok  a refusal for good is not tried again")
        finally:
            mails.stop()


if __name__ == "__main__":
    test(sys.argv[1])
