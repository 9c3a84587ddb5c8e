"""Makes one picture of one `Spec`: draws the page, photographs it, writes the file, and says what is true of it."""

from dataclasses import dataclass, field
from io import BytesIO

import cv2
import numpy as np
from PIL import Image, ImageOps

from . import camera, case, not_a_document, papers, phones, quality, truth, view
from .chance import between, pick, stream
from .levels import LEVELS
from .relief import Relief
from .sheet import Sheet


@dataclass(frozen=True)
class Spec:
    """All that decides a picture. The same spec gives the same bytes."""

    file: str
    seed: int  # of what is on the page
    shot: int  # of how it is photographed
    kind: str
    layout: str
    level: str
    megapixels: float | None = None  # None: as the phone has
    hospital_seed: int | None = None
    person_seed: int | None = None
    is_edited: bool = False
    turn: int = 0  # degrees that the page lies turned in the upright picture
    wanted: dict = field(default_factory=dict)  # luma, glare, blur_em, text_px, cut
    copy: dict = field(default_factory=dict)  # scale and quality: the photograph went through a chat


def make(spec):
    """The file's bytes and its line of truth."""
    if spec.kind == "not_a_document" and spec.layout != "blank":
        photo, line, subject = of_nothing(spec)
    else:
        photo, line, subject = of_page(spec)
    chance = stream(spec.shot, "file")
    phone = phone_of(spec)
    sharpness = (92, 96) if spec.level == "flat" else LEVELS[spec.level].quality
    amount = int(between(chance, *sharpness))
    data, carries = phones.write(photo, phone, chance, subject.ends_on, amount, phones.orientation(chance))
    line |= {"phone": carries, "jpeg_quality": amount}
    return copied(data, line, spec.copy) if spec.copy else (data, line)


def phone_of(spec):
    return pick(stream(spec.shot, "phone"), phones.PHONES)


def size_of(spec, page):
    """Width and height of the upright picture, lying or standing as the page does."""
    count = (spec.megapixels or phone_of(spec).megapixels) * 1e6
    ratio = page[1] / page[0] if spec.level == "flat" else 4 / 3 if (page[1] >= page[0]) != (spec.turn in (90, 270)) else 3 / 4
    return int(np.sqrt(count / ratio)) // 2 * 2, int(np.sqrt(count * ratio)) // 2 * 2


def invent(spec):
    is_stay = spec.kind in papers.OF_A_STAY or case.is_stay(spec.hospital_seed or spec.seed)
    subject = case.invent(spec.seed, spec.hospital_seed or spec.seed, spec.person_seed or spec.seed, is_stay)
    layout = papers.PAPERS.get(spec.kind, {}).get(spec.layout)
    return (case.edited(subject, spec.seed, layout.edits) if spec.is_edited and layout.edits else subject), layout


def of_page(spec):
    subject, layout = invent(spec)
    layout = layout or papers.BLANK
    size = size_of(spec, layout.size)
    place, held = hold(spec, layout, size)
    scale = float(np.clip(place.unit(), 0.35, 1.7)) if spec.level != "flat" else size[0] / layout.size[0]
    sheet = Sheet(layout.size, scale, layout.paper, subject, spec.seed, layout.printer, layout.is_form)
    layout.draw(sheet, subject)
    page = sheet.finish()
    if spec.level == "flat":
        photo, measures, done = cv2.resize(page, size), flat_measures(page, place, layout), {}
    else:
        place.relief.shade(page)
        photo, measures, done = shoot(spec, page, sheet.alpha, place, scale, layout)
    return photo, truth.of_page(spec, size, sheet, place, measures, {**held, **done}), subject


def hold(spec, layout, size):
    """Where the page lies in the picture, and how it is bent."""
    if spec.level == "flat":
        return view.flat(size, layout.size), {}
    level, chance = LEVELS[spec.level], stream(spec.seed, "bends")
    bends = [between(chance, *range_) for range_ in (level.folds, level.crumple, level.curl)]
    if spec.kind == "id_card" and spec.layout != "copy":
        bends = [0, 0, 0]
    relief = Relief(layout.size, spec.seed, int(bends[0]), bends[1], bends[2])
    unit = spec.wanted["text_px"] / layout.letters if "text_px" in spec.wanted else None
    place, held = view.aim(stream(spec.shot, "aim"), level, layout.size, size, relief, spec.turn, unit, spec.wanted.get("cut"))
    return place, {**held, "folds": len(relief.folds), "crumple": bends[1], "curl": bends[2]}


def shoot(spec, page, alpha, place, scale, layout):
    level, text_px = LEVELS[spec.level], place.unit() * layout.letters
    name, scene, where = camera.lay_on_table(page, alpha, place, scale, stream(spec.shot, "table"))
    done = {"table": name} | camera.expose(scene, where, place, level, stream(spec.shot, "light"), spec.wanted)
    photo, through = camera.take(scene, level, stream(spec.shot, "lens"), spec.wanted, text_px)
    measures = {
        "text_px": text_px,
        "blur_em": through["blur_px"] / text_px,
        "page_luma": camera.page_luma(photo, where),
        "glare_share": done["glare_share"],
        "cut_share": quality.cut_share(place),
        "margin": quality.margin(place),
        "page_share": cv2.countNonZero(where) / where.size,
    }
    return photo, measures, done | through


def flat_measures(page, place, layout):
    nothing = dict.fromkeys(["blur_em", "glare_share", "cut_share", "margin"], 0.0)
    luma = camera.page_luma(page, np.full(page.shape[:2], 255, np.uint8))
    return {"text_px": place.unit() * layout.letters, "page_luma": luma, "page_share": 1.0} | nothing


def of_nothing(spec):
    """A picture without a page."""
    subject, _ = invent(spec)
    size = size_of(spec, (3, 4))
    if spec.layout == "chat":  # a screen is longer than a photograph
        size = int(size[0] * 0.79) // 2 * 2, int(size[1] * 1.27) // 2 * 2
    photo, done = not_a_document.scene(spec.layout, stream(spec.shot, "scene"), size), {}
    if spec.layout != "chat" and spec.level != "flat":
        level, everywhere = LEVELS[spec.level], np.full(photo.shape[:2], 255, np.uint8)
        done = camera.expose(photo, everywhere, view.flat(size, size), level, stream(spec.shot, "light"), {"glare": 0})
        photo, through = camera.take(photo, level, stream(spec.shot, "lens"), {}, 30)
        done |= through
    return photo, truth.of_nothing(spec, size, done), subject


def copied(data, line, copy):
    """The photograph as a chat hands it on: upright, smaller, compressed again, without EXIF."""
    photo = np.array(ImageOps.exif_transpose(Image.open(BytesIO(data))).convert("RGB"))
    small = cv2.resize(photo, None, fx=copy["scale"], fy=copy["scale"], interpolation=cv2.INTER_AREA)
    line = truth.shrunk(line, small.shape[1], small.shape[0])
    return phones.jpeg(small, copy["quality"]), line | {"phone": None, "jpeg_quality": copy["quality"], "copy": copy}
