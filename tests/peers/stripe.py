"""Stripe's signature, made by a Stripe stand-in that is not ours: what it signs is taken, what it signs with another
secret is not. The stand-in listens on all interfaces, so it runs for seconds only.

    python tests/peers/stripe.py NEGOZIO_BINARY
"""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

from smtp import call, free_port, wait_for

SECRET = "whsec_of_this_run"
KEY = "sk_test_12345"


def form(address, **fields):
    request = urllib.request.Request(address, urllib.parse.urlencode(fields).encode(), {"authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


@contextlib.contextmanager
def running(command, settings, log):
    process = subprocess.Popen(command, env=os.environ | settings, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def test(binary):
    shop, stand_in = f"http://127.0.0.1:{free_port()}", free_port()
    stripe = f"http://127.0.0.1:{stand_in}"
    with tempfile.TemporaryDirectory() as folder, open(f"{folder}/stripe.log", "w+") as said, open(f"{folder}/log", "w+") as log:
        settings = {
            "NEGOZIO_DATA_DIR": folder,
            "DATABASE_URL": f"sqlite://{folder}/negozio.db",
            "NEGOZIO_BIND": shop.removeprefix("http://"),
            "NEGOZIO_STRIPE_API_URL": stripe,
            "NEGOZIO_STRIPE_SECRET_KEY": KEY,
            "NEGOZIO_STRIPE_WEBHOOK_SECRET": SECRET,
        }
        command = [sys.executable, "-m", "localstripe", "--port", str(stand_in), "--from-scratch"]
        with running([binary, "serve"], settings, log), running(command, {"PYTHONUNBUFFERED": "1"}, said):
            try:
                wait_for("the server", lambda: call("GET", f"{shop}/health/ready"))
                hook = f"{shop}/v1/payment-notifications/stripe"
                set_up = lambda name, secret: form(f"{stripe}/_config/webhooks/{name}", url=hook, secret=secret)
                wait_for("the stand-in", lambda: set_up("true", SECRET) is not None)
                set_up("forged", "whsec_of_another_run")
                form(f"{stripe}/v1/customers", email="mario@example.com")

                def outcome():
                    said.seek(0)
                    text = said.read()
                    taken = len(re.findall(r'webhook ".*" successfully delivered', text))
                    refused = len(re.findall(r'webhook ".*" failed with response code 401', text))
                    return (taken, refused) if taken + refused >= 2 else None

                assert wait_for("two notifications", outcome) == (1, 1), outcome()
            except BaseException:
                for file in (said, log):
                    file.seek(0)
                    print(file.read(), file=sys.stderr)
                raise
    print("ok  a signature that another implementation made is taken, one with another secret is not")


if __name__ == "__main__":
    test(sys.argv[1])
