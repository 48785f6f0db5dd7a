"""Signs contracts of a running sandbox with pyHanko, as their holder would elsewhere, and hands them in.

    python tests/peers/signed_copies.py http://127.0.0.1:8080

The server needs NEGOZIO_RATE_LIMITS=off.
"""

import datetime
import hashlib
import io
import json
import sys
import tempfile
import urllib.error
import uuid

from contract import Caller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers

P, PADES, PKCS7 = b"p", fields.SigSeedSubFilter.PADES, fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED


def signer(key):
    """Somebody whose certificate is their own word."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Mario Rossi")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365))
        .add_extension(x509.KeyUsage(True, True, False, False, False, False, False, False, False), critical=True)
        .sign(key, hashes.SHA256())
    )
    packed = pkcs12.serialize_key_and_certificates(b"k", key, certificate, None, serialization.BestAvailableEncryption(P))
    with tempfile.NamedTemporaryFile() as file:
        file.write(packed)
        file.flush()
        return signers.SimpleSigner.load_pkcs12(file.name, passphrase=P)


def signed(pdf, who, subfilter, digest):
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    meta = signers.PdfSignatureMetadata(field_name="Firma", subfilter=subfilter, md_algorithm=digest)
    return signers.sign_pdf(writer, meta, signer=who).getvalue()


def upload(customer, contract, pdf, key):
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="firmato.pdf"\r\n\r\n'
    headers = {"content-type": f"multipart/form-data; boundary={boundary}", "idempotency-key": key}
    body = head.encode() + pdf + f"\r\n--{boundary}--\r\n".encode()
    return customer.send("POST", f"/contracts/{contract['id']}/signed-copy", body, headers)


def refused(customer, contract, pdf):
    try:
        upload(customer, contract, pdf, str(uuid.uuid4()))
    except urllib.error.HTTPError as error:
        return json.loads(error.read())["errors"][0]["code"]
    raise SystemExit("it was taken")


def test(base):
    customer, reviewer = Caller(base, "customer@example.com"), Caller(base, "reviewer@example.com")
    documents = customer("GET", f"/activation-requests/{customer.begin_activation()}/contracts")["items"]
    ways = [
        ("PAdES, ECDSA P-256", signer(ec.generate_private_key(ec.SECP256R1())), PADES, "sha256"),
        ("PAdES, RSA", signer(rsa.generate_private_key(65537, 2048)), PADES, "sha512"),
        ("PKCS #7, ECDSA P-384", signer(ec.generate_private_key(ec.SECP384R1())), PKCS7, "sha384"),
    ]
    contract = documents[0]
    pdf = customer.send("GET", f"/contracts/{contract['id']}/pdf")
    for name, who, subfilter, digest in ways:
        copy = signed(pdf, who, subfilter, digest)
        key = str(uuid.uuid4())
        taken = upload(customer, contract, copy, key)
        assert upload(customer, contract, copy, key) == taken, "a repetition has the same answer"
        shown = json.loads(taken)["signed_copy"]
        assert shown["sha256"] == hashlib.sha256(copy).hexdigest(), shown
        assert (shown["signer"], shown["trust"]) == ("CN=Mario Rossi", "not_checked"), shown
        assert reviewer.send("GET", f"/back-office/contracts/{contract['id']}/signed-copy") == copy
        print(f"ok  a copy signed as {name}")
    changed = copy.replace(b"/Filter /Adobe.PPKLite", b"/Filter /Adobe.PPKLitf")
    assert refused(customer, contract, changed) == "copy_changed_after_signing"
    assert refused(customer, contract, copy + b"\n") == "copy_not_covered"
    assert refused(customer, documents[1], copy) == "copy_of_another_document"
    print("ok  what was changed, or is another's, is refused")


if __name__ == "__main__":
    test(*sys.argv[1:])
