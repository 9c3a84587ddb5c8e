"""The phones that took the pictures, and the files that they write. Makes and models are those of real phones; serials, places and notes are invented."""

from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

import cv2
import numpy as np
from PIL import Image

from . import exif
from .chance import between, digits, happens, pick


@dataclass(frozen=True)
class Phone:
    """`order` is its byte order; the rest says what its files carry."""

    make: str
    model: str
    software: str
    megapixels: float
    order: str
    aperture: float
    focal: float
    note: bytes
    has_xmp: bool = False
    comment: str = ""


PHONES = [
    Phone("Apple", "iPhone 13", "17.6.1", 12.2, ">", 1.6, 5.1, b"Apple iOS\0\0\x01MM\0\x0f"),
    Phone("HUAWEI", "LYA-AL00", "LYA-AL00 10.1.0.163", 10.0, "<", 1.8, 5.58, b"HUAWEI\0\0", has_xmp=True),
    Phone(
        "Xiaomi",
        "M2102J2SC",
        "venus-user 13",
        12.0,
        "<",
        1.85,
        5.43,
        b"\0\x01\x88\x99",
        has_xmp=True,
        comment='{"mirror":false,"sensor_type":"rear"}',
    ),
    Phone("vivo", "V2055A", "PD2055C_A_6.12.6", 8.0, "<", 1.79, 4.71, b"vivo\0", comment="filter: 0; fileterIntensity: 0.0; captureOrientation: 0"),
    Phone("OPPO", "PEGM00", "MediaTek Camera Application", 12.0, "<", 1.7, 4.73, b"oplus_0\0", comment="oplus_32"),
    Phone("HONOR", "ANY-AN00", "ANY-AN00 6.1.0.119", 8.3, "<", 1.9, 5.6, b"HONOR\0", has_xmp=True),
]
#: What turns an upright picture into the stored one, by the orientation that undoes it.
STORED = {
    1: lambda photo: photo,
    2: lambda photo: cv2.flip(photo, 1),
    3: lambda photo: cv2.flip(photo, -1),
    4: lambda photo: cv2.flip(photo, 0),
    5: cv2.transpose,
    6: lambda photo: cv2.rotate(photo, cv2.ROTATE_90_COUNTERCLOCKWISE),
    7: lambda photo: cv2.transpose(cv2.flip(photo, -1)),
    8: lambda photo: cv2.rotate(photo, cv2.ROTATE_90_CLOCKWISE),
}
XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description>{}</rdf:Description></rdf:RDF></x:xmpmeta>'


def orientation(chance):
    """Mostly as a hand holds a phone; sometimes mirrored, as some front cameras write."""
    return pick(chance, [1] * 6 + [6] * 8 + [3] * 2 + [8] * 2 + [2, 4, 5, 7])


def write(photo, phone, chance, taken_on, quality, turned):
    """The file of an upright photograph, stored turned, and what it carries."""
    stored = STORED[turned](photo)
    moment = f"{taken_on + timedelta(days=int(chance.integers(0, 20))):%Y:%m:%d} {chance.integers(7, 22):02d}:{chance.integers(0, 60):02d}:{chance.integers(0, 60):02d}"
    place = (39.9 + between(chance, -0.2, 0.2), 116.4 + between(chance, -0.2, 0.2)) if happens(chance, 0.7) else None
    thumbnail = small_jpeg(stored) if happens(chance, 0.8) else None
    note = phone.note + chance.integers(0, 256, int(chance.integers(200, 3000)), dtype=np.uint8).tobytes()
    block = exif.build(
        phone.order, main_tags(phone, moment, turned), photo_tags(phone, chance, moment, note, stored), place and place_tags(place, moment), thumbnail
    )
    xmp = XMP.format(f"invented {digits(chance, 12)}").encode() if phone.has_xmp else b""
    carries = {
        "make": phone.make,
        "model": phone.model,
        "orientation": turned,
        "taken_at": moment,
        "gps": place and [round(part, 4) for part in place],
        "maker_note": len(note),
        "thumbnail": len(thumbnail or b""),
        "xmp": bool(xmp),
        "comment": phone.comment or None,
    }
    return jpeg(stored, quality, exif=block, xmp=xmp, comment=phone.comment.encode()), carries


def jpeg(photo, quality, **extras):
    out = BytesIO()
    Image.fromarray(photo).save(out, "JPEG", quality=quality, subsampling="4:2:0", **{name: value for name, value in extras.items() if value})
    return out.getvalue()


def small_jpeg(stored):
    scale = 240 / max(stored.shape)
    return jpeg(cv2.resize(stored, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), 70)


def main_tags(phone, moment, turned):
    return {
        0x010F: (exif.ASCII, phone.make),
        0x0110: (exif.ASCII, phone.model),
        0x0112: (exif.SHORT, turned),
        0x011A: (exif.RATIONAL, 72),
        0x011B: (exif.RATIONAL, 72),
        0x0128: (exif.SHORT, 2),
        0x0131: (exif.ASCII, phone.software),
        0x0132: (exif.ASCII, moment),
        0x0213: (exif.SHORT, 1),
    }


def photo_tags(phone, chance, moment, note, stored):
    return {
        0x829A: (exif.RATIONAL, 1 / int(chance.integers(20, 200))),
        0x829D: (exif.RATIONAL, phone.aperture),
        0x8827: (exif.SHORT, int(chance.integers(50, 1600))),
        0x9000: (exif.UNDEFINED, b"0220"),
        0x9003: (exif.ASCII, moment),
        0x9004: (exif.ASCII, moment),
        0x9209: (exif.SHORT, 16),
        0x920A: (exif.RATIONAL, phone.focal),
        0x927C: (exif.UNDEFINED, note),
        0x9286: (exif.UNDEFINED, b"ASCII\0\0\0invented"),
        0xA001: (exif.SHORT, 1),
        0xA002: (exif.LONG, stored.shape[1]),
        0xA003: (exif.LONG, stored.shape[0]),
        0xA405: (exif.SHORT, 26),
        0xA431: (exif.ASCII, f"INVENTED{digits(chance, 8)}"),
    }


def place_tags(place, moment):
    def parts(angle):
        return [int(angle), int(angle * 60 % 60), angle * 3600 % 60]

    return {
        0: (exif.BYTE, b"\2\3\0\0"),
        1: (exif.ASCII, "N"),
        2: (exif.RATIONAL, parts(place[0])),
        3: (exif.ASCII, "E"),
        4: (exif.RATIONAL, parts(place[1])),
        29: (exif.ASCII, moment[:10]),
    }
