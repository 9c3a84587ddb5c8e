"""The line of truth of a picture. Points are pixels of the upright picture, from its upper left corner; a quad begins at the words' upper left."""

from dataclasses import asdict

from . import money, quality

NOT_A_DOCUMENT = {"label": "not_a_document", "faults": ["not_a_document"], "near_threshold": []}


def head(spec, size):
    names = {"kind": spec.kind, "layout": spec.layout, "level": spec.level, "page_seed": spec.seed, "shot_seed": spec.shot}
    return names | {"width": size[0], "height": size[1], "turn": spec.turn}


def of_nothing(spec, size, done):
    judged = NOT_A_DOCUMENT | {"measures": {}}
    return head(spec, size) | {"fields": {}, "qr": None, "page_quad": None, "distortion": rounded(done), "quality": judged}


def of_page(spec, size, sheet, place, measures, done):
    fields = {name: {"value": kept["value"], "printed": kept["printed"], "quad": quad(place, kept["box"])} for name, kept in sheet.fields.items()}
    amounts = {name: kept["value"] for name, kept in fields.items() if name.endswith("_fen")}
    edit, code = sheet.case.edit, sheet.qr
    judged = NOT_A_DOCUMENT if spec.kind == "not_a_document" else quality.judge(measures, spec.turn)
    return head(spec, size) | {
        "fields": fields,
        "broken_equations": money.broken_equations(amounts),
        "edit": edit and asdict(edit),
        "qr": code and {"pattern": code["pattern"], "text": code["text"], "quad": quad(place, code["box"])},
        "page_quad": quad(place, (0, 0, *place.page)),
        "printer": sheet.machine,
        "distortion": rounded(done),
        "quality": judged | {"measures": rounded(measures)},
    }


def quad(place, box):
    return [[round(float(x), 1), round(float(y), 1)] for x, y in place.quad(box)]


def rounded(values):
    return {name: rounded(part) if isinstance(part, dict) else round(part, 4) if isinstance(part, float) else part for name, part in values.items()}


def shrunk(line, width, height):
    """The truth of the same picture at another size."""
    across, down = width / line["width"], height / line["height"]

    def moved(kept):
        return kept and kept | {"quad": [[round(x * across, 1), round(y * down, 1)] for x, y in kept["quad"]]}

    page = moved({"quad": line["page_quad"]})["quad"]
    fields = {name: moved(kept) for name, kept in line["fields"].items()}
    return line | {"fields": fields, "qr": moved(line["qr"]), "page_quad": page, "width": width, "height": height}
