"""The sets: which pictures they hold, each as a `Spec` that stands alone, so that one picture can be made without the others."""

from . import not_a_document, quality
from .chance import between, happens, pick, stream
from .papers import PAPERS
from .picture import Spec

LEVELS = ["light", "moderate", "heavy"]
KINDS = [*PAPERS, "not_a_document"]
READABLE = ["settlement_sheet", "e_bill", "diagnosis", "id_card"]
CLASSES = ["good", "blurred", "too_dark", "glare", "cut_edge", "too_small", "not_a_document", "upside_down"]
GOLDEN = 0.6180339887
#: What a picture of a class asks for, from the good side through the threshold to far on the bad one.
SWEEPS = {
    "blurred": ("blur_em", 0.4 * quality.BLUR_EM, 3 * quality.BLUR_EM),
    "too_dark": ("luma", 1.7 * quality.LUMA, 0.3 * quality.LUMA),
    "glare": ("glare", 0.2 * quality.GLARE, 5 * quality.GLARE),
    "cut_edge": ("cut", -0.03, 0.18),
    "too_small": ("text_px", 1.7 * quality.TEXT_PX, 0.4 * quality.TEXT_PX),
}
TWINS = ["first", "again", "cropped", "copy", "edited", "edited_same_shot", "neighbour", "next_stay"]


def number(seed, *names):
    """A seed of its own for each picture and purpose."""
    return int(stream(seed, *names).integers(1, 2**31))


def documents(seed, index, level, kinds, megapixels, edited):
    """Kinds in turn, layouts by chance."""
    chance = stream(seed, "documents", index)
    kind = kinds[index % len(kinds)]
    layout = pick(chance, not_a_document.LAYOUTS if kind == "not_a_document" else list(PAPERS[kind]))
    level = LEVELS[index // len(kinds) % 3] if level == "mixed" else level
    is_edited = happens(chance, edited)
    return Spec(
        f"document-{index:05d}.jpg", number(seed, "page", index), number(seed, "shot", index), kind, layout, level, megapixels, is_edited=is_edited
    )


def quality_of(seed, index, megapixels):
    """The classes in turn; within a class every second picture is near its threshold."""
    chance = stream(seed, "quality", index)
    aspect, turn = CLASSES[index % len(CLASSES)], index // len(CLASSES)
    kind = "not_a_document" if aspect == "not_a_document" else READABLE[turn % len(READABLE)]
    layout = not_a_document.LAYOUTS[turn % 5] if kind == "not_a_document" else pick(chance, list(PAPERS[kind]))
    level = pick(chance, ["light", "moderate"]) if aspect in ("good", "upside_down", "not_a_document") else "light"
    wanted = sweep(aspect, turn) if aspect in SWEEPS else {}
    seeds = number(seed, "page", index), number(seed, "shot", index)
    return Spec(f"quality-{index:05d}.jpg", *seeds, kind, layout, level, megapixels, turn=180 if aspect == "upside_down" else 0, wanted=wanted)


def sweep(aspect, turn):
    name, good, bad = SWEEPS[aspect]
    share = turn * GOLDEN % 1
    if turn % 2:
        threshold = {"blur_em": quality.BLUR_EM, "luma": quality.LUMA, "glare": quality.GLARE, "cut": 0.0, "text_px": quality.TEXT_PX}[name]
        spread = (bad - good) * 0.08
        return {name: threshold + (2 * share - 1) * spread}
    return {name: good + (bad - good) * share}


def twin(seed, index, megapixels):
    """Groups of eight: see TWINS. Neighbours share hospital and layout; the next stay is the same person's too."""
    group, role = index // len(TWINS), TWINS[index % len(TWINS)]
    chance = stream(seed, "group", group)
    kind = pick(chance, ["settlement_sheet", "e_bill"])
    layout = pick(chance, list(PAPERS[kind]))
    page, other = number(seed, "page", group), number(seed, "page of", role, group)
    first, shot = number(seed, "shot", group), number(seed, "shot of", role, group)
    level = pick(stream(seed, "level", index), LEVELS[:2] if role != "again" else LEVELS)
    base = {"hospital_seed": page, "person_seed": other if role == "neighbour" else page, "megapixels": megapixels}
    seeds = {
        "first": (page, first),
        "again": (page, shot),
        "cropped": (page, shot),
        "copy": (page, first),
        "edited": (page, shot),
        "edited_same_shot": (page, first),
        "neighbour": (other, shot),
        "next_stay": (other, first),
    }[role]
    if seeds[1] == first:
        level = pick(stream(seed, "level", group), LEVELS[:2])
    return Spec(f"twin-{group:04d}-{role}.jpg", *seeds, kind, layout, level, **base, **twist(role, stream(seed, "twist", index)))


def twist(role, chance):
    if role == "cropped":
        return {"turn": pick(chance, [0, 90, 180, 270]), "wanted": {"cut": between(chance, 0.02, 0.1)}}
    if role == "copy":
        return {"copy": {"scale": round(between(chance, 0.35, 0.9), 3), "quality": int(chance.integers(35, 80))}}
    return {"is_edited": role.startswith("edited")}


def pairs(count):
    """What each pair within a group is, and the first of each group beside the first of the next."""
    found = []
    for start in range(0, count, len(TWINS)):
        members = list(enumerate(TWINS[: count - start], start))
        found += [(a, b, relation(left, right)) for spot, (a, left) in enumerate(members) for b, right in members[spot + 1 :]]
        if start:
            found.append((start - len(TWINS), start, "different"))
    return found


def relation(left, right):
    """same_photo, same_page, edited, or different."""
    roles = {left, right}
    if roles & {"neighbour", "next_stay"}:
        return "different"
    edited = sum(role.startswith("edited") for role in roles)
    if roles == {"first", "copy"}:
        return "same_photo"
    return "edited" if edited == 1 else "same_page"
