"""Identity cards that carry the fields of one and no more: they say SPECIMEN across, have no emblem, and a grey bust for a face."""

from datetime import date

import cv2
import numpy as np
from PIL import Image, ImageDraw

from .chance import between, pick, stream

CARD = (1712, 1080)
BLUE = (48, 92, 150)
BLACK = (22, 24, 30)


def front(sheet, case, at=(0, 0)):
    """The side with the name and the number."""
    base(sheet, at)
    x, y = at
    person, born = case.person, case.person.born_on
    for row, label in enumerate(["姓名", "性别", "出生", "住址"]):
        sheet.form(x + 110, y + 150 + row * 125, label, 44, "sans", BLUE)
    sheet.form(x + 450, y + 275, "民族", 44, "sans", BLUE)
    typed(sheet, x + 260, y + 150, person.name, 54, "id_name")
    typed(sheet, x + 260, y + 275, person.gender, 48, "gender")
    typed(sheet, x + 570, y + 275, person.nation, 48, "nation")
    typed(sheet, x + 260, y + 400, f"{born.year} 年 {born.month} 月 {born.day} 日", 48, "born_on", str(born))
    typed(sheet, x + 260, y + 525, person.address[:13], 46, "address", person.address)
    typed(sheet, x + 260, y + 600, person.address[13:], 46)
    sheet.form(x + 110, y + 930, "公民身份号码", 44, "sans", BLUE)
    typed(sheet, x + 450, y + 930, person.national_id, 66, "national_id")
    bust(sheet, x + 1170, y + 120)
    specimen(sheet, x + 850, y + 750)


def back(sheet, case, at=(0, 0)):
    """The side with the issuer and the term."""
    base(sheet, at)
    x, y = at
    sheet.draw.ellipse(sheet.pixels((x + 130, y + 110, x + 410, y + 390)), outline=(196, 60, 60), width=round(10 * sheet.scale))
    sheet.form(x + 270, y + 250, "样本", 90, "serif-bold", (196, 60, 60), "mm")
    sheet.form(x + 1010, y + 200, "居 民 身 份 证", 96, "serif-bold", BLACK, "mm")
    sheet.form(x + 1010, y + 330, "（ 示 例 卡 片 ）", 64, "serif-bold", BLACK, "mm")
    chance = stream(int(case.bill_number), "card")
    begins = date(int(chance.integers(2012, 2026)), int(chance.integers(1, 13)), int(chance.integers(1, 29)))
    ends = begins.replace(year=begins.year + pick(chance, [10, 20, 20]))
    sheet.form(x + 420, y + 800, "签发机关", 44, "sans", BLUE)
    typed(sheet, x + 680, y + 800, "样本市公安局示例分局", 48, "id_issuer")
    sheet.form(x + 420, y + 930, "有效期限", 44, "sans", BLUE)
    typed(sheet, x + 680, y + 930, f"{begins:%Y.%m.%d}", 48, "id_valid_from", str(begins))
    typed(sheet, x + 942, y + 930, "-", 48)
    typed(sheet, x + 970, y + 930, f"{ends:%Y.%m.%d}", 48, "id_valid_until", str(ends))
    specimen(sheet, x + 950, y + 570)


def copy(sheet, case):
    """Both sides on one sheet of A4, as a copier gives them."""
    full, sheet.scale = sheet.scale, sheet.scale * 0.58
    front(sheet, case, (570, 500))
    back(sheet, case, (570, 2250))
    sheet.scale = full
    for field in sheet.fields.values():
        field["box"] = tuple(edge * 0.58 for edge in field["box"])
    shades = np.asarray(sheet.image.convert("L"), dtype=float)
    sheet.image.paste(Image.fromarray(np.uint8(((shades - 128) * 1.25 + 138).clip(0, 246))).convert("RGB"))
    sheet.ink = sheet.ink.point(lambda value: value * 0.9)
    sheet.note()


def typed(sheet, x, y, words, size, field=None, value=None):
    sheet.type(x, y, words, size, "sans", field=field, value=value)


def base(sheet, at):
    """The card's pale ground of waves, with round corners where it lies alone."""
    width, height = sheet.pixels(CARD)
    left, top = sheet.pixels(at)
    y, x = np.ogrid[: CARD[1] // 2, : CARD[0] // 2]
    waves = np.clip(np.sin(y / 11.5 + 4 * np.sin(x / 30.5)) - 0.7, 0, 1)
    tint = cv2.merge(
        [np.uint8(ground - waves * depth + x * slope) for ground, depth, slope in ((228, 70, 0.009), (237, 30, -0.003), (243, 12, 0.002))]
    )
    corners = Image.new("L", (width, height), 0)
    ImageDraw.Draw(corners).rounded_rectangle((0, 0, width - 1, height - 1), round(64 * sheet.scale), fill=255)
    sheet.image.paste(Image.fromarray(cv2.resize(tint, (width, height))), (left, top), corners)
    if sheet.image.size == (width, height):
        sheet.alpha = np.asarray(corners)


def bust(sheet, x, y):
    """No face: two ellipses on grey."""
    tile = Image.new("RGB", sheet.pixels((420, 540)), (214, 221, 229))
    draw = ImageDraw.Draw(tile)
    shade = int(between(sheet.chance, 120, 165))
    draw.ellipse(sheet.pixels((110, 70, 310, 310)), fill=(shade, shade + 8, shade + 20))
    draw.ellipse(sheet.pixels((35, 320, 385, 780)), fill=(shade, shade + 8, shade + 20))
    sheet.image.paste(tile, sheet.pixels((x, y)))


def specimen(sheet, x, y):
    """The word that every card carries, in red across it."""
    mask = Image.new("L", sheet.pixels((1500, 420)), 0)
    ImageDraw.Draw(mask).text((mask.size[0] / 2, mask.size[1] / 2), "SPECIMEN 样本", font=sheet.font("sans-bold", 150), fill=150, anchor="mm")
    mask = mask.rotate(between(sheet.chance, 4, 9), Image.Resampling.BICUBIC)
    sheet.image.paste((200, 40, 44), tuple(round(v) for v in (x * sheet.scale - mask.size[0] / 2, y * sheet.scale - mask.size[1] / 2)), mask)
