"""Reads every kind of electronic invoice of a running sandbox with a38 and against the official schema.

    python tests/peers/invoices.py http://127.0.0.1:8080 FOLDER_WITH_SCHEMAS
    python tests/peers/invoices.py --files FOLDER_WITH_SCHEMAS FILE...

The folder holds the schema of the FatturaPA 1.2 and that of XML signatures, as PyPI's odoo-addon-l10n-it-account ships
them. The server needs NEGOZIO_RATE_LIMITS=off.
"""

import pathlib
import re
import sys
import time
import urllib.request
import uuid
import xml.etree.ElementTree

import a38.fattura
import a38.validation
import lxml.etree
from contract import ADDRESS, Caller

LONG = "Società per l'Łódź – «Perù & Città» 株式会社 " + "Ingegneria " * 3
PERSON = {"first_name": "Mario", "last_name": "Rossi", "codice_fiscale": "RSSMRA85T10A562S"}
PROFILES = {
    "person": PERSON | {"address": ADDRESS},
    "professional": PERSON | {"partita_iva": "12485671007", "pec": "rossi@pec.example.com", "address": ADDRESS},
    "company": {"business_name": LONG[:80], "partita_iva": "00743110157", "codice_destinatario": "ABC1234",
                "address": ADDRESS | {"street": "Via dell’Esempio 1, scala B – " + "interno " * 10}},
    "public_body": {"business_name": "Comune di Prova", "codice_fiscale": "00743110157", "codice_destinatario": "UFABCD",
                    "address": ADDRESS},
    "association": {"business_name": "Circolo <Prova>", "codice_fiscale": "00743110157", "address": ADDRESS},
    "foreign": {"business_name": "Muster GmbH", "vat_number": "DE123456788",
                "address": {"street": "Straße des 17. Juni 135", "postal_code": "10623", "municipality": "Berlin", "country": "DE"}},
}


class Schemas(lxml.etree.Resolver):
    """What a schema imports is beside it; its document type adds nothing."""

    def __init__(self, folder):
        self.folder = folder

    def resolve(self, url, public_id, context):
        beside = self.folder / url.rsplit("/", 1)[-1]
        return self.resolve_filename(str(beside), context) if beside.exists() else self.resolve_string("", context)


def schema(folder):
    [path] = folder.glob("Schema_del_file_xml_FatturaPA*.xsd")
    parser = lxml.etree.XMLParser(no_network=True, load_dtd=False)
    parser.resolvers.add(Schemas(folder))
    return lxml.etree.XMLSchema(lxml.etree.parse(str(path), parser))


def check(name, text, official):
    """Fails unless both readers take the document; answers what a38 read."""
    official.assertValid(lxml.etree.fromstring(text))
    read = a38.fattura.auto_from_etree(xml.etree.ElementTree.fromstring(text))
    found = a38.validation.Validation()
    read.validate(found)
    # a38 warns of a customer without code and PEC, whose invoices SdI leaves in their reserved area.
    complaints = [str(complaint) for complaint in found.errors + found.warnings if complaint.code != "00426"]
    assert not complaints, (name, complaints, text.decode())
    return read


def confirm(administrator, customer, plans, profile, method):
    """Buys three of one plan and one of another, with a discount; answers the confirmed order."""
    opened = customer("POST", "/carts", {"items": [{"plan_id": plans[0], "quantity": 3}, {"plan_id": plans[1], "quantity": 1}]})
    path = f"/carts/{opened['id']}"
    customer("POST", f"{path}/claim", x_cart_token=opened["token"])
    customer("PUT", f"{path}/billing-profile", {"billing_profile_id": profile})
    customer("PUT", f"{path}/coupon", {"code": "SCONTO20"})
    customer("PUT", f"{path}/payment-method", {"method": method})
    order = customer("POST", f"{path}/checkout", {}, idempotency_key=str(uuid.uuid4()))
    if method == "card":
        customer("POST", f"/sandbox/payments/{order['payments'][0]['id']}/outcome", {"outcome": "succeeded"})
    else:
        transfer = {"amount": order["totals"]["due"], "reference": "TRN", "received_on": "2026-11-24"}
        administrator("POST", f"/back-office/orders/{order['id']}/bank-transfers", transfer, idempotency_key=str(uuid.uuid4()))
    return customer("GET", f"/orders/{order['id']}")


def euros(cents):
    return f"{cents // 100}.{cents % 100:02}"


def test_invoice(customer, kind, order, official):
    with urllib.request.urlopen(urllib.request.Request(f"{customer.base}/v1/orders/{order['id']}/invoice", headers=customer.headers)) as answer:
        text, file = answer.read(), answer.headers["content-disposition"]
    assert re.search(r'filename="IT12345678903_[0-9A-Z]{5}\.xml"', file), file
    read = check(kind, text, official)
    [body] = read.fattura_elettronica_body
    general = body.dati_generali.dati_generali_documento
    assert general.numero == order["invoice"]["number"], general.numero
    assert str(general.importo_totale_documento) == euros(order["totals"]["gross"]["amount"]), kind
    assert str(body.dati_pagamento[0].dettaglio_pagamento[0].importo_pagamento) == euros(order["totals"]["due"]["amount"]), kind
    print(f"ok  an invoice to a {kind}, number {general.numero}")


def refund(customer, administrator, order, cents, official):
    """Gives money back by card and reads the credit note that comes of it."""
    before = len(customer("GET", f"/orders/{order['id']}/credit-notes")["items"])
    body = {"amount": {"amount": cents, "currency": "EUR"}, "reason": "customer_request"}
    administrator("POST", f"/back-office/orders/{order['id']}/refunds", body, idempotency_key=str(uuid.uuid4()))
    for _ in range(200):
        notes = customer("GET", f"/orders/{order['id']}/credit-notes")["items"]
        if len(notes) > before:
            break
        time.sleep(0.1)
    else:
        raise SystemExit("no credit note came")
    assert notes[-1]["payable"]["amount"] == cents, notes
    read = check("credit note", customer.send("GET", f"/invoices/{notes[-1]['id']}/xml"), official)
    [body] = read.fattura_elettronica_body
    assert body.dati_generali.dati_generali_documento.tipo_documento == "TD04"
    assert body.dati_generali.dati_fatture_collegate[0].id_documento == order["invoice"]["number"]
    print(f"ok  a credit note of {euros(cents)}")


def test(base, folder):
    official = schema(pathlib.Path(folder))
    customer, administrator = Caller(base, "customer@example.com"), Caller(base, "admin@example.com")
    plans = [plan["id"] for plan in customer("GET", "/plans")["items"]]
    for kind, profile in PROFILES.items():
        profile = customer("POST", "/billing-profiles", {"kind": kind} | profile)["id"]
        for method in ["card", "bank_transfer"]:
            order = confirm(administrator, customer, plans, profile, method)
            test_invoice(customer, kind, order, official)
            if method == "card":
                due = order["totals"]["due"]["amount"]
                for cents in [1_001, due - 1_001] if kind != "person" else [due]:
                    refund(customer, administrator, order, cents, official)


if __name__ == "__main__":
    if sys.argv[1] == "--files":
        for file in sys.argv[3:]:
            check(file, pathlib.Path(file).read_bytes(), schema(pathlib.Path(sys.argv[2])))
            print(f"ok  {file}")
    else:
        test(*sys.argv[1:])
