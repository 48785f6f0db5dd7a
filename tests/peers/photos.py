"""Hands in photos as phones take them: HEIC files that libheif with x265 made.

    python tests/peers/photos.py http://127.0.0.1:8080

The server needs NEGOZIO_RATE_LIMITS=off.
"""

import io
import json
import sys
import urllib.error

import pillow_heif
from contract import Caller
from PIL import Image

TURNED_BY_THE_CAMERA = 6  # EXIF: the top of what is seen is the file's right side


def heic(picture, turned=False, **options):
    """The picture as HEIC; turned, as a phone held upright stores it."""
    exif = Image.Exif()
    if turned:
        picture = picture.transpose(Image.Transpose.ROTATE_90)
        exif[0x0112] = TURNED_BY_THE_CAMERA
    file = io.BytesIO()
    picture.save(file, format="HEIF", quality=80, exif=exif.tobytes(), **options)
    return file.getvalue()


def refused(customer, request, pictures):
    try:
        customer.upload(request, pictures)
    except urllib.error.HTTPError as error:
        return {problem["code"] for problem in json.loads(error.read())["errors"]}
    raise SystemExit("it was taken")


def test(base):
    pillow_heif.register_heif_opener()
    customer = Caller(base, "customer@example.com")
    request, cards = customer.begin_activation(), customer.card()
    drawn = {side: Image.open(io.BytesIO(card)).convert("RGB") for side, card in cards.items()}
    verdicts = lambda document: {(q["side"], q["rule"]): q["verdict"] for q in document["quality"]}
    as_jpeg = verdicts(customer.upload(request, cards))
    ways = [
        ("upright", {}),
        ("turned by the camera", {"turned": True}),
        ("without loss of colour", {"chroma": 444}),
    ]
    for name, options in ways:
        document = customer.upload(request, {side: heic(picture, **options) for side, picture in drawn.items()})
        assert verdicts(document) == as_jpeg, (name, document["quality"])
        for side, picture in drawn.items():
            kept = Image.open(io.BytesIO(customer.send("GET", f"/identity-documents/{document['id']}/files/{side}")))
            assert kept.format == "JPEG" and not kept.getexif(), name
            assert kept.size == picture.size, (name, kept.size, picture.size)
            difference = [abs(a - b) for a, b in zip(kept.resize((8, 5)).tobytes(), picture.resize((8, 5)).tobytes())]
            assert max(difference) < 16, (name, difference)
        print(f"ok  HEIC, {name}")
    whole = heic(drawn["front"])
    assert refused(customer, request, cards | {"front": whole[: len(whole) // 2]}) == {"picture_truncated"}
    print("ok  half a HEIC is refused")


if __name__ == "__main__":
    test(*sys.argv[1:])
