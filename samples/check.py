"""Checks the generator: the same bytes each time, and truth that is true. Makes some dozens of small pictures; ends with "N passed, M failed"."""

import io
import sys
import traceback

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageOps

from generator import money, people, phones, picture, sets
from generator.demo import check_facts

SMALL = 1.5  # megapixels
DOCUMENTS = sets.KINDS[:-1]


def document(index, level="flat", megapixels=SMALL, edited=0.0, kinds=DOCUMENTS):
    return picture.make(sets.documents(5, index, level, kinds, megapixels, edited))


def upright(data):
    return np.array(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))


def amounts(truth):
    return {name: field["value"] for name, field in truth["fields"].items() if name.endswith("_fen")}


def check_same_seed_same_bytes():
    for level in ("flat", "light", "moderate", "heavy"):
        assert document(3, level) == document(3, level), level
    assert document(3, "light")[0] != document(9, "light")[0]
    for maker in (sets.quality_of, sets.twin):
        assert picture.make(maker(5, 3, 1.0)) == picture.make(maker(5, 3, 1.0))


def check_other_seed_other_picture():
    first, second = (picture.make(sets.documents(seed, 0, "flat", DOCUMENTS, 1.0, 0)) for seed in (1, 2))
    assert first[1]["fields"] != second[1]["fields"]


def check_equations_hold():
    for index in range(30):
        truth = document(index, megapixels=0.5, kinds=["settlement_sheet", "e_bill"])[1]
        assert truth["broken_equations"] == money.broken_equations(amounts(truth)) == [], truth


def check_edits_break_them():
    for index in range(16):
        truth = document(index, megapixels=0.5, edited=1.0, kinds=["settlement_sheet", "e_bill"])[1]
        edit = truth["edit"]
        assert truth["broken_equations"], truth
        assert truth["fields"][edit["field"]]["value"] == edit["printed_fen"] != edit["true_fen"]


def check_edited_share():
    specs = [sets.documents(5, index, "flat", DOCUMENTS, 1.0, 0.2) for index in range(1000)]
    assert 150 < sum(spec.is_edited for spec in specs) < 250


def check_amounts_in_words():
    cases = {
        3599135: "叁万伍仟玖佰玖拾壹元叁角伍分",
        100: "壹元整",
        10005: "壹佰元零伍分",
        1000500: "壹万零伍元整",
        10526314: "壹拾万伍仟贰佰陆拾叁元壹角肆分",
        110: "壹元壹角整",
    }
    for fen, words in cases.items():
        assert money.in_words(fen) == words, (fen, money.in_words(fen))


def check_identity_numbers():
    for index in range(12):
        truth = document(index, megapixels=0.5, kinds=["id_card"])[1]
        number = truth["fields"].get("national_id", {}).get("value")
        if number:
            assert people.check_digit(number[:17]) == number[17] and number[:6] in people.REGIONS, number
            assert number[6:14] == truth["fields"]["born_on"]["value"].replace("-", "")
            assert (int(number[16]) % 2 == 1) == (truth["fields"]["gender"]["value"] == "男")


def check_codes_are_read():
    for index in range(20):
        data, truth = document(index, megapixels=4, kinds=["e_bill"])
        corners = np.array(truth["qr"]["quad"])
        left, top, right, bottom = [int(v) for v in (*(corners.min(0) - 25), *(corners.max(0) + 25))]
        found, _, _ = cv2.QRCodeDetector().detectAndDecode(upright(data)[max(0, top) : bottom, max(0, left) : right])
        assert found == truth["qr"]["text"], (found, truth["qr"]["text"])


def check_every_code_pattern_comes():
    seen = {document(index, megapixels=0.3, kinds=["e_bill"])[1]["qr"]["pattern"] for index in range(40)}
    assert seen == {"fiscal", "tax", "url", "junk"}, seen


def check_exif_is_what_truth_says():
    makes, turns = set(), set()
    for index in range(40):
        data, truth = document(index, "light", 0.3)
        photo, phone = Image.open(io.BytesIO(data)), truth["phone"]
        exif = photo.getexif()
        inner, place = exif.get_ifd(0x8769), exif.get_ifd(0x8825)
        assert (exif[0x010F], exif[0x0110], exif[0x0112], inner[0x9003]) == (phone["make"], phone["model"], phone["orientation"], phone["taken_at"])
        assert len(inner[0x927C]) == phone["maker_note"] and bool(place) == bool(phone["gps"])
        if place:
            degrees = [float(d + m / 60 + s / 3600) for d, m, s in (place[2], place[4])]
            assert np.allclose(degrees, phone["gps"], atol=1e-3), (degrees, phone["gps"])
        small = exif.get_ifd(ExifTags.IFD.IFD1)
        assert small.get(0x0202, 0) == phone["thumbnail"]
        if small:
            assert Image.open(io.BytesIO(photo.info["exif"][6 + small[0x0201] :][: small[0x0202]])).size[0] <= 240
        assert ("xmp" in photo.info) == phone["xmp"] and photo.info.get("comment", b"").decode() == (phone["comment"] or "")
        assert photo.size == ((truth["height"], truth["width"]) if phone["orientation"] > 4 else (truth["width"], truth["height"]))
        makes.add(phone["make"])
        turns.add(phone["orientation"])
    assert len(makes) >= 4 and len(turns) >= 6, (makes, turns)


def check_orientations_are_undone():
    page = np.uint8(np.arange(4 * 6 * 3).reshape(4, 6, 3))
    for turned, store in phones.STORED.items():
        stored = Image.fromarray(np.ascontiguousarray(store(page)))
        stored.getexif()[0x0112] = turned
        assert np.array_equal(np.array(ImageOps.exif_transpose(stored)), page), turned


def inked(photo, quad):
    """How much a field's pixels differ among themselves."""
    low, high = np.floor(np.min(quad, 0)).astype(int), np.ceil(np.max(quad, 0)).astype(int)
    return float(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)[max(0, low[1]) : high[1] + 1, max(0, low[0]) : high[0] + 1].std())


def check_quads_hold_the_words():
    for level, least in (("flat", 6), ("light", 5)):
        for index in range(18):
            data, truth = document(index, level)
            photo = upright(data)
            for name, field in truth["fields"].items():
                assert inked(photo, field["quad"]) > least, (
                    level,
                    index,
                    truth["kind"],
                    truth["layout"],
                    truth["printer"],
                    name,
                    inked(photo, field["quad"]),
                )


def check_quads_follow_the_page():
    """A moderate photograph, straightened by the page's quad, has its dark pixels where the flat one has them."""
    agree = []
    for index in range(6):
        spec = sets.documents(5, index, "moderate", ["settlement_sheet"], 4, 0)
        data, truth = picture.make(spec)
        photo = cv2.cvtColor(upright(data), cv2.COLOR_RGB2GRAY)
        for field in truth["fields"].values():
            target = np.float32([(0, 0), (200, 0), (200, 30), (0, 30)])
            wide = cv2.warpPerspective(photo, cv2.getPerspectiveTransform(np.float32(field["quad"]), target + np.float32([0, 20])), (200, 70)).astype(
                float
            )
            dark = np.abs(wide - np.median(wide))
            agree.append(dark[20:50].mean() > 1.3 * np.r_[dark[4:16], dark[54:66]].mean())
    assert np.mean(agree) > 0.85, np.mean(agree)


def check_quality_set_has_both_sides():
    truths = [picture.make(sets.quality_of(5, index, 0.8))[1] for index in range(96)]
    for place, wanted in enumerate(sets.CLASSES):
        of_class = [truth["quality"] for truth in truths[place :: len(sets.CLASSES)]]
        assert any(wanted in quality["faults"] or quality["label"] == wanted for quality in of_class), wanted
        if wanted in sets.SWEEPS:
            assert any(wanted not in quality["faults"] for quality in of_class), wanted
            assert any(wanted in quality["near_threshold"] for quality in of_class), wanted


def check_twins():
    made = {spec.file: picture.make(spec) for spec in (sets.twin(5, index, 0.8) for index in range(8))}
    truth = {name.rsplit("-", 1)[1][:-4]: line for name, (_, line) in made.items()}
    first = amounts(truth["first"])
    assert amounts(truth["again"]) == amounts(truth["copy"]) == first
    assert sum(first[name] != value for name, value in amounts(truth["edited"]).items()) == 1 and amounts(truth["edited"]) == amounts(
        truth["edited_same_shot"]
    )
    assert (
        truth["neighbour"]["layout"] == truth["first"]["layout"]
        and truth["neighbour"]["fields"]["serial"]["value"] != truth["first"]["fields"]["serial"]["value"]
    )
    assert truth["copy"]["phone"] is None and truth["copy"]["width"] < truth["first"]["width"]
    assert len(sets.pairs(16)) == 2 * 28 + 1


def check_pages_say_that_they_are_samples():
    for hospital in people.HOSPITALS:
        assert "样本" in hospital.name or "示例" in hospital.name


def check_facts_of_the_demo():
    check_facts()


def main():
    checks = [(name, check) for name, check in globals().items() if name.startswith("check_") and check is not check_facts]
    failed = 0
    for name, check in checks:
        try:
            check()
        except Exception:
            failed += 1
            print(f"{name}:")
            traceback.print_exc(limit=-1)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
