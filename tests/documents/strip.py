"""Every kind of photograph in every orientation, full of metadata: what the service keeps of it stands upright and says nothing.

The metadata is written and read by exiftool, HEIC photographs by libheif: programs that know nothing of this service.
"""

import hashlib
import io
import json
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import pillow_heif
from PIL import Image

#: Words that stand in every field below and must never come out again.
MARK = "SECRET-PLACE"
SIZE = (600, 450)
QUARTERS = [((0, 0), (220, 20, 20)), ((1, 0), (20, 200, 20)), ((0, 1), (20, 20, 220)), ((1, 1), (220, 220, 20))]
#: How a camera has turned what it stores, by what it notes.
STORED = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
          5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}
#: What a file without metadata still says: its container, its size, its colours. (Groups of exiftool.)
PLAIN = ("File", "System", "ExifTool", "JFIF", "PNG", "RIFF", "ICC_Profile", "ICC-header", "ICC-view", "ICC-meas", "Composite", "QuickTime", "Meta", "SourceFile")
#: What those groups must not hold.
TELLING = ("Comment", "GPS", "Thumbnail", "Preview", "Author", "Artist", "Create Date", "Description", "Software")


def upright():
    picture = Image.new("RGB", SIZE)
    for (right, below), colour in QUARTERS:
        picture.paste(colour, (right * SIZE[0] // 2, below * SIZE[1] // 2, (right + 1) * SIZE[0] // 2, (below + 1) * SIZE[1] // 2))
    return picture


def stored(orientation):
    turn = STORED[orientation]
    return upright() if turn is None else upright().transpose(turn)


def told(file):
    """Everything that exiftool finds in a file."""
    said = subprocess.run(["exiftool", "-a", "-u", "-g1", "-j", "-ee", str(file)], check=True, capture_output=True, text=True).stdout
    return json.loads(said)[0]


def with_metadata(file, orientation):
    """The file as a phone writes it."""
    tags = [f"-Orientation#={orientation}", "-GPSLatitude=39.9", "-GPSLongitude=116.4", "-GPSLatitudeRef=N", "-GPSLongitudeRef=E", f"-Artist={MARK}",
            f"-ImageDescription={MARK}", f"-UserComment={MARK}", "-Make=Invented", "-Model=Phone 1", f"-XMP:Creator={MARK}", "-DateTimeOriginal=2026:11:25 10:00:00"]
    if file.suffix == ".jpg":
        thumbnail = file.with_suffix(".thumbnail")
        stored(orientation).resize((160, 120)).save(thumbnail, "JPEG")
        tags += [f"-Comment={MARK}", f"-IPTC:Caption-Abstract={MARK}", f"-ThumbnailImage<={thumbnail}"]
    if file.suffix == ".png":
        tags += [f"-PNG:Comment={MARK}", f"-PNG:Author={MARK}"]
    subprocess.run(["exiftool", "-q", "-overwrite_original", *tags, str(file)], check=True)
    return file


def photographs(directory):
    for orientation in STORED:
        for suffix, options in ((".jpg", {"quality": 90}), (".png", {}), (".webp", {"quality": 90})):
            file = directory / f"photo-{orientation}{suffix}"
            stored(orientation).save(file, **options)
            yield f"{suffix[1:]} with orientation {orientation}", with_metadata(file, orientation)
    # libheif takes the orientation out of EXIF and turns the picture by a property of its own, as iPhones do.
    for orientation in STORED:
        file = directory / f"photo-{orientation}.heic"
        exif = Image.Exif()
        exif[0x0112], exif[0x010E] = orientation, MARK
        pillow_heif.from_pillow(stored(orientation)).save(file, quality=90, exif=exif.tobytes(), xmp=f"<x:xmpmeta>{MARK}</x:xmpmeta>".encode())
        yield f"heic with orientation {orientation}", file


def begin_claim(demo, headers):
    claim_id = str(uuid.uuid4())
    begun = demo.http.post("/v1/claims", json={"id": claim_id}, headers={**headers, "Idempotency-Key": claim_id})
    assert begun.status_code == 201, begun.text
    return claim_id


def send(demo, headers, claim_id, content):
    """Sends a file in one piece; answers the document when its check is over."""
    intent = {"kind": "other", "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    announced = demo.http.post(f"/v1/claims/{claim_id}/documents", json=intent, headers={**headers, "Idempotency-Key": str(uuid.uuid4())})
    assert announced.status_code == 201, announced.text
    document = announced.json()
    tus = {**headers, "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert demo.http.patch(document["upload_url"], content=content, headers=tus).status_code == 204
    for _ in range(600):
        shown = demo.http.get(f"/v1/documents/{document['id']}", headers=headers).json()
        if shown["state"] not in ("receiving", "received", "checking"):
            return shown
        time.sleep(0.05)
    raise AssertionError(f"not checked: {shown}")


def telling(file):
    """What a kept file says besides what every picture says."""
    said = []
    for group, tags in told(file).items():
        if group not in PLAIN:
            said.append(group)
        elif isinstance(tags, dict):
            said += [f"{group}:{name}" for name, value in tags.items() if any(word.replace(" ", "") in name for word in TELLING) or MARK in str(value)]
    if MARK.encode() in file.read_bytes():
        said.append("the mark")
    return said


def is_upright(content):
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    width, height = picture.size
    near = lambda seen, colour: all(abs(a - b) < 60 for a, b in zip(seen, colour))
    return width > height and all(near(picture.getpixel(((1 + 2 * right) * width // 4, (1 + 2 * below) * height // 4)), colour) for (right, below), colour in QUARTERS)


def faults(demo, headers, claim_id, file, directory):
    shown = send(demo, headers, claim_id, file.read_bytes())
    if shown["state"] != "clean":
        return [f"{shown['state']}: {shown.get('reason')}"]
    found = []
    for rendition in ("master", "reading", "thumbnail"):
        got = demo.http.get(f"/v1/documents/{shown['id']}/content", params={"rendition": rendition}, headers=headers)
        kept = directory / f"kept{file.suffix if rendition == 'master' else '.jpg'}"
        kept.write_bytes(got.content)
        found += [f"{rendition} tells {said}" for said in telling(kept)]
        if rendition != "master" and not is_upright(got.content):
            found.append(f"{rendition} does not stand upright")
    return found
