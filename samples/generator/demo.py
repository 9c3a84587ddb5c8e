"""Makes the three photographs of the demo from facts.json.

They have a camera of their own, in Pillow: their bytes are in the repository, and stay as they are when `camera` learns something.
"""

import json
from pathlib import Path

import numpy as np
import qrcode
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from .money import yuan
from .people import check_digit, masked

SAMPLES = Path(__file__).parent.parent
FONTS = Path("/usr/share/fonts/opentype/noto")
SIMPLIFIED = 2  # index of the SC face in Noto's collections
SENSOR = (2448, 3264)  # size of an upright photograph, 8 megapixels
INK = (28, 30, 38)
SEAL = (198, 30, 36)
NOTE = "样本 SPECIMEN：本页为互助软件自带示例，非真实凭证"

FACTS = json.loads((SAMPLES / "facts.json").read_text(encoding="utf-8"))

# item, days or count, total, self-pay two, own expense (fen); sums to the amounts of facts.json, checked in `check_facts`
ITEMS = [
    ("床位费", "8 天", 64000, 0, 0),
    ("诊察费", "8 次", 80000, 0, 0),
    ("检查费", "11 项", 486000, 43200, 0),
    ("化验费", "47 项", 391200, 0, 18000),
    ("治疗费", "36 次", 523650, 21440, 0),
    ("手术费", "1 次", 680000, 0, 0),
    ("护理费", "8 天", 40000, 0, 0),
    ("卫生材料费", "29 件", 611835, 50000, 42015),
    ("西药费", "62 支/盒", 722450, 14000, 34200),
]


def main():
    check_facts()
    photos = [
        ("settlement-sheet.jpg", settlement_sheet(), 11, 6, "wood"),
        ("e-bill.jpg", e_bill(), 23, 8, "cloth"),
        ("id-card-specimen.jpg", id_card(), 37, 3, "wood"),
    ]
    for name, page, seed, orientation, table in photos:
        photo = photograph(page, np.random.default_rng(seed), table)
        save(photo, SAMPLES / name, orientation)


def check_facts():
    """The printed table and facts.json must tell the same story."""
    amounts, bill = FACTS["amounts"], FACTS["bill"]
    assert sum(item[2] for item in ITEMS) == amounts["total_fen"] == bill["total_fen"]
    assert sum(item[3] for item in ITEMS) == amounts["self_pay_two_fen"]
    assert sum(item[4] for item in ITEMS) == amounts["own_expense_fen"]
    personal = amounts["self_pay_one_fen"] + amounts["self_pay_two_fen"] + amounts["own_expense_fen"]
    assert personal == amounts["personal_cash_fen"] + amounts["personal_account_fen"]
    assert amounts["total_fen"] == amounts["pooled_fund_fen"] + amounts["large_sum_fen"] + personal
    number = FACTS["member"]["national_id"]
    assert check_digit(number[:17]) == number[17]


def font(size, weight="Regular", family="Sans"):
    return ImageFont.truetype(str(FONTS / f"Noto{family}CJK-{weight}.ttc"), size, index=SIMPLIFIED)


class Page:
    """A sheet of paper that is written on from above."""

    def __init__(self, width, height, paper):
        self.image = Image.new("RGB", (width, height), paper)
        self.draw = ImageDraw.Draw(self.image)

    def text(self, x, y, words, size=34, weight="Regular", family="Sans", ink=INK, anchor="lm"):
        self.draw.text((x, y), words, font=font(size, weight, family), fill=ink, anchor=anchor)

    def line(self, x1, y1, x2, y2, width=2, ink=INK):
        self.draw.line((x1, y1, x2, y2), fill=ink, width=width)

    def seal(self, x, y, radius, around, across):
        """A round red seal: letters on an arc, a word across, worn ink."""
        size = radius * 2 + 20
        mask = Image.new("L", (size, size), 0)
        draw = ImageDraw.Draw(mask)
        middle = size // 2
        draw.ellipse((10, 10, size - 10, size - 10), outline=255, width=9)
        for index, letter in enumerate(around):
            angle = -102 + 204 * index / (len(around) - 1)
            tile = Image.new("L", (70, 70), 0)
            ImageDraw.Draw(tile).text((35, 35), letter, font=font(radius * 4 // 15, "Bold", "Serif"), fill=255, anchor="mm")
            tile = tile.rotate(-angle, resample=Image.Resampling.BICUBIC)
            reach = radius * 0.74
            left = int(middle + reach * np.sin(np.radians(angle))) - 35
            top = int(middle - reach * np.cos(np.radians(angle))) - 35
            mask.paste(ImageChops.lighter(tile, mask.crop((left, top, left + 70, top + 70))), (left, top))
        star = [
            (middle + r * np.sin(a), middle - r * np.cos(a) - 8)
            for i in range(10)
            for r, a in [(radius * (0.3 if i % 2 == 0 else 0.12), np.pi * i / 5)]
        ]
        draw.polygon(star, fill=255)
        draw.text((middle, middle + radius * 0.5), across, font=font(radius // 5, "Bold", "Serif"), fill=255, anchor="mm")
        wear = np.random.default_rng(5).uniform(0.55, 0.95, (size // 6 + 1, size // 6 + 1))
        worn = Image.fromarray((wear * 255).astype("uint8")).resize((size, size), Image.Resampling.BICUBIC)
        mask = ImageChops.multiply(mask, worn).rotate(-9, resample=Image.Resampling.BICUBIC)
        stamp = Image.new("RGB", (size, size), SEAL)
        box = (x - middle, y - middle, x - middle + size, y - middle + size)
        under = self.image.crop(box)
        self.image.paste(Image.composite(ImageChops.multiply(stamp, under), under, mask), box)


def settlement_sheet():
    """北京市医疗保险住院费用清单, A4 upright."""
    page = Page(1654, 2339, (250, 249, 245))
    member, event, amounts = FACTS["member"], FACTS["event"], FACTS["amounts"]
    page.text(827, 150, "北京市医疗保险住院费用清单", 62, "Bold", "Serif", anchor="mm")
    page.text(827, 222, "（职工基本医疗保险 · 出院结算）", 32, family="Serif", anchor="mm")
    page.text(130, 300, f"交易流水号：{event['transaction_serial']}", 36, "Medium")
    page.text(1524, 300, "第 1 页 / 共 1 页", 30, anchor="rm")
    page.line(130, 335, 1524, 335, 4)
    pairs = [
        (("姓名", member["name"]), ("性别", member["gender"]), ("年龄", f"{FACTS['member']['age']} 岁")),
        (("社会保障号码", masked(member["national_id"])), ("人员类别", "在职职工"), ("参保险种", "城镇职工")),
        (("定点医疗机构", event["hospital_name"]), ("医院等级", event["hospital_level_text"]), ("科别", "普通外科")),
        (("住院号", "ZY00264017"), ("入院日期", event["starts_on"]), ("出院日期", event["ends_on"])),
        (("结算日期", event["settled_on"]), ("住院天数", f"{event['days']} 天"), ("本年住院次数", f"第 {event['stay_ordinal']} 次")),
    ]
    for row, cells in enumerate(pairs):
        y = 385 + row * 62
        for x, (label, value) in zip((130, 740, 1140), cells):
            page.text(x, y, f"{label}：", 31, ink=(70, 72, 80))
            page.text(x + 31 * (len(label) + 1) + 4, y, value, 33, "Medium")
    top = 720
    columns = [130, 480, 680, 940, 1160, 1345, 1524]
    heads = ["费用项目", "数量", "费用金额", "医保内金额", "自付二", "自费"]
    for row in range(len(ITEMS) + 3):
        page.line(130, top + row * 66, 1524, top + row * 66, 3 if row in (0, len(ITEMS) + 2) else 1)
    for x in columns:
        page.line(x, top, x, top + (len(ITEMS) + 2) * 66, 3 if x in (130, 1524) else 1)
    for left, right, head in zip(columns, columns[1:], heads):
        page.text((left + right) // 2, top + 33, head, 32, "Bold", anchor="mm")
    total = ("合计", "", *(sum(item[i] for item in ITEMS) for i in (2, 3, 4)))
    for row, (name, count, fen, two, own) in enumerate([*ITEMS, total]):
        y = top + 66 * (row + 1) + 33
        weight = "Bold" if name == "合计" else "Regular"
        page.text(columns[0] + 24, y, name, 32, weight)
        page.text((columns[1] + columns[2]) // 2, y, count, 30, anchor="mm")
        for right, value in zip(columns[3:], (fen, fen - two - own, two, own)):
            page.text(right - 18, y, yuan(value), 32, weight, anchor="rm")
    y = top + 66 * (len(ITEMS) + 2) + 70
    page.text(130, y, "结算情况（单位：元）", 35, "Bold")
    boxes = [
        ("费用总额", amounts["total_fen"]),
        ("统筹基金支付", amounts["pooled_fund_fen"]),
        ("大额互助资金支付", amounts["large_sum_fen"]),
        ("起付金额", 130000),
        ("自付一", amounts["self_pay_one_fen"]),
        ("自付二", amounts["self_pay_two_fen"]),
        ("自费", amounts["own_expense_fen"]),
        ("个人账户支付", amounts["personal_account_fen"]),
        ("个人现金支付", amounts["personal_cash_fen"]),
    ]
    for index, (label, fen) in enumerate(boxes):
        left, line = 130 + (index % 3) * 465, y + 50 + (index // 3) * 92
        page.draw.rectangle((left, line, left + 464, line + 92), outline=INK, width=2)
        page.text(left + 20, line + 46, label, 31)
        page.text(left + 444, line + 46, yuan(fen), 35, "Bold", anchor="rm")
    y += 400
    page.text(130, y, "收费员：0417", 31)
    page.text(560, y, f"打印时间：{event['settled_on']} 10:52", 31)
    page.text(1130, y, "医疗机构（盖章）：", 31)
    page.text(130, y + 62, "本清单为参保人员出院结算凭据，请妥善保管，遗失不补。", 28, ink=(80, 82, 90))
    page.text(827, 2270, NOTE, 26, ink=(120, 120, 126), anchor="mm")
    page.seal(1330, y + 10, 170, event["hospital_name"], "出院结算章")
    return fold(page.image, rows=(0.335, 0.668))


def e_bill():
    """医疗收费电子票据, printed on half of an A4 sheet."""
    green = (34, 96, 84)
    page = Page(2200, 1540, (247, 250, 246))
    member, event, amounts, bill = (FACTS[key] for key in ("member", "event", "amounts", "bill"))
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, box_size=7, border=2)
    code.add_data(bill["qr_text"])
    page.image.paste(code.make_image().convert("RGB").resize((270, 270), Image.Resampling.NEAREST), (95, 70))
    page.text(1100, 120, "北京市医疗住院收费票据（电子）", 60, "Bold", "Serif", ink=green, anchor="mm")
    page.line(700, 172, 1500, 172, 3, green)
    page.line(700, 182, 1500, 182, 3, green)
    heads = [("票据代码", bill["code"]), ("票据号码", bill["number"]), ("校验码", bill["check_code"]), ("开票日期", bill["issued_on"])]
    for index, (label, value) in enumerate(heads):
        page.text(1640, 90 + index * 56, f"{label}：", 32, ink=green)
        page.text(1810, 90 + index * 56, value, 36, "Medium")
    page.text(420, 260, "交款人统一社会信用代码：", 32, ink=green)
    page.text(815, 260, masked(member["national_id"]), 33, "Medium")
    page.text(420, 320, "交款人：", 32, ink=green)
    page.text(560, 320, member["name"], 35, "Medium")
    page.draw.rectangle((95, 365, 2105, 1060), outline=green, width=4)
    for left in (95, 1100):
        page.text(left + 60, 405, "项目名称", 32, "Bold", ink=green)
        page.text(left + 520, 405, "数量/单位", 32, "Bold", ink=green, anchor="mm")
        page.text(left + 950, 405, "金额（元）", 32, "Bold", ink=green, anchor="rm")
    page.line(95, 440, 2105, 440, 2, green)
    page.line(1100, 365, 1100, 880, 2, green)
    for index, (name, count, fen, _, _) in enumerate(ITEMS):
        left, y = (95, 480 + index * 78) if index < 5 else (1100, 480 + (index - 5) * 78)
        page.text(left + 60, y, name, 34)
        page.text(left + 520, y, count, 32, anchor="mm")
        page.text(left + 950, y, yuan(fen), 34, anchor="rm")
    page.line(95, 880, 2105, 880, 2, green)
    page.text(130, 925, "金额合计（大写）", 34, "Bold", ink=green)
    page.text(440, 925, bill["total_in_words"], 37, "Medium")
    page.text(1300, 925, "（小写）", 34, "Bold", ink=green)
    page.text(1450, 925, yuan(bill["total_fen"]), 40, "Bold")
    page.line(95, 970, 2105, 970, 2, green)
    page.text(
        130,
        1015,
        f"住院科别：普通外科　住院号：ZY00264017　住院时间：{event['starts_on']} 至 {event['ends_on']}　性别：{member['gender']}　医保类型：城镇职工",
        30,
    )
    other = [
        ("业务流水号", event["transaction_serial"]),
        ("医疗机构类型", "综合医院"),
        ("预缴金额", "12,000.00"),
        ("补缴金额", "0.00"),
        ("退费金额", yuan(1200000 - amounts["personal_cash_fen"])),
        ("医保编号", "1101****0117"),
        ("医保统筹基金支付", yuan(amounts["pooled_fund_fen"])),
        ("其他支付", yuan(amounts["large_sum_fen"])),
        ("个人账户支付", yuan(amounts["personal_account_fen"])),
        ("个人现金支付", yuan(amounts["personal_cash_fen"])),
        ("个人自付", yuan(amounts["self_pay_one_fen"] + amounts["self_pay_two_fen"])),
        ("个人自费", yuan(amounts["own_expense_fen"])),
    ]
    page.draw.rectangle((95, 1060, 2105, 1335), outline=green, width=4)
    page.text(125, 1197, "其他", 32, "Bold", ink=green)
    page.text(125, 1240, "信息", 32, "Bold", ink=green)
    page.line(215, 1060, 215, 1335, 2, green)
    for index, (label, value) in enumerate(other):
        x, y = 240 + (index % 3) * 640, 1098 + (index // 3) * 66
        page.text(x, y, f"{label}：", 30, ink=green)
        page.text(x + 30 * (len(label) + 1) + 4, y, value, 31)
    page.text(95, 1395, "收款单位（章）：", 32, ink=green)
    page.text(345, 1395, event["hospital_name"], 34)
    page.text(1050, 1395, "复核人：周示例", 32)
    page.text(1560, 1395, "收款人：0417", 32)
    page.text(1550, 1480, NOTE, 27, ink=(120, 126, 122), anchor="mm")
    page.seal(820, 1405, 128, event["hospital_name"], "收费专用章")
    return fold(page.image, rows=(0.5,))


def id_card():
    """A card that resembles no document in force beyond its fields, and says so."""
    page = Page(1712, 1080, (232, 240, 246))
    member = FACTS["member"]
    waves = np.sin(np.add.outer(np.arange(1080) / 23.0, np.sin(np.arange(1712) / 61.0) * 4))
    tint = np.asarray(page.image, dtype=float) - (waves[..., None] > 0.93) * np.array([26, 12, 4])
    page.image = Image.fromarray(tint.clip(0, 255).astype("uint8"))
    page.draw = ImageDraw.Draw(page.image)
    blue = (48, 92, 150)
    rows = [
        ("姓名", member["name"]),
        ("性别", f"{member['gender']}　　民族　汉"),
        ("出生", "{} 年 {} 月 {} 日".format(*map(int, member["born_on"].split("-")))),
        ("住址", "北京市样本区示例街道互助里"),
    ]
    for index, (label, value) in enumerate(rows):
        y = 150 + index * 125
        page.text(110, y, label, 44, ink=blue)
        page.text(260, y, value, 54 if index == 0 else 48, "Medium", ink=(20, 22, 28))
    page.text(260, 610, "100 号院 1 号楼 101", 48, "Medium", ink=(20, 22, 28))
    page.text(110, 950, "公民身份号码", 44, ink=blue)
    page.text(
        470, 950, " ".join([member["national_id"][:6], member["national_id"][6:14], member["national_id"][14:]]), 62, "Medium", ink=(20, 22, 28)
    )
    # no face: a grey bust drawn from two ellipses
    bust = Image.new("RGB", (420, 540), (214, 221, 229))
    ImageDraw.Draw(bust).ellipse((110, 70, 310, 310), fill=(150, 160, 172))
    ImageDraw.Draw(bust).ellipse((35, 320, 385, 780), fill=(150, 160, 172))
    page.image.paste(bust, (1180, 120))
    word = Image.new("L", page.image.size, 0)
    ImageDraw.Draw(word).text((856, 760), "SPECIMEN 样本", font=font(150, "Bold"), fill=150, anchor="mm")
    page.image.paste((200, 40, 44), mask=word.rotate(7, resample=Image.Resampling.BICUBIC))
    corners = Image.new("L", page.image.size, 0)
    ImageDraw.Draw(corners).rounded_rectangle((0, 0, 1711, 1079), 64, fill=255)
    page.image.putalpha(corners)
    return page.image


def fold(image, rows):
    """Soft light and dark bands where the sheet was folded for the envelope."""
    height, width = image.height, image.width
    shade = np.ones((height, width))
    y = np.arange(height)
    for row in rows:
        distance = y - row * height
        shade -= (0.055 * np.exp(-(((distance - 7) / 12) ** 2)) - 0.04 * np.exp(-(((distance + 9) / 14) ** 2)))[:, None]
        shade += (0.018 * np.tanh(distance / 60))[:, None]
    return Image.fromarray((np.asarray(image, dtype=float) * shade[..., None]).clip(0, 255).astype("uint8"))


def photograph(page, chance, table):
    """What a phone sees: the page in perspective on a table, a shadow, uneven light, blur and sensor noise."""
    size = width, height = SENSOR if page.height > page.width else SENSOR[::-1]
    scene = wood(chance, size) if table == "wood" else cloth(chance, size)
    page = page.convert("RGBA")
    factor = min(width * 0.84 / page.width, height * 0.86 / page.height)
    w, h = page.width * factor, page.height * factor
    left, top = (width - w) / 2, (height - h) / 2
    square = [(left, top), (left + w, top), (left + w, top + h), (left, top + h)]
    lean = [(46, 30), (-62, -12), (34, 26), (-48, -20)]
    corners = [(x + dx + chance.uniform(-14, 14), y + dy + chance.uniform(-14, 14)) for (x, y), (dx, dy) in zip(square, lean)]
    flat = page.transform(size, Image.Transform.PERSPECTIVE, homography(corners, page.size), Image.Resampling.BICUBIC)
    outline = flat.getchannel("A")
    shadow = ImageChops.offset(outline, 22, 30).filter(ImageFilter.GaussianBlur(26)).point(lambda v: v * 0.55)
    scene = Image.composite(Image.new("RGB", size, (18, 14, 12)), scene, shadow)
    scene.paste(flat.convert("RGB"), mask=outline)
    return sensor(scene.filter(ImageFilter.GaussianBlur(0.8)), chance)


def homography(corners, size):
    """Coefficients that take a point of the photograph back to the page."""
    width, height = size
    rows, right = [], []
    for (x, y), (u, v) in zip(corners, [(0, 0), (width, 0), (width, height), (0, height)]):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return np.linalg.solve(np.array(rows), np.array(right)).tolist()


def wood(chance, size):
    width, height = size
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    bend = 60 * np.sin(y / 900) + 25 * np.sin(y / 310 + 1)
    grain = np.sin((x + bend) / 38) * 0.4 + np.sin((x + bend * 1.3) / 11 + np.sin(y / 700) * 3) * 0.25
    grain += np.repeat(chance.normal(0, 0.35, (1, width)), height, axis=0)
    tone = np.where((x // 816) % 2 == 0, 1.0, 0.93)
    base = np.array([146, 104, 68]) * (1 + 0.07 * grain[..., None]) * tone[..., None]
    seam = np.minimum(x % 816, 816 - x % 816) < 4
    base[seam] *= 0.6
    return Image.fromarray(base.clip(0, 255).astype("uint8"))


def cloth(chance, size):
    width, height = size
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    weave = np.sin(x / 3.1) * np.sin(y / 3.1) * 5
    stripe = np.where((x // 204 + y // 204) % 2 == 0, 9, -9)
    base = np.array([92, 108, 128]) + (weave + stripe)[..., None] + chance.normal(0, 1.5, (height, width, 1))
    return Image.fromarray(base.clip(0, 255).astype("uint8"))


def sensor(scene, chance):
    """Window light from one corner, the hand's shadow from another, warm tint, fine noise."""
    width, height = scene.size
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    light = 1.08 - 0.26 * x * 0.6 - 0.20 * y
    hand = 1 / (1 + np.exp(-((x - 0.86) * 7 + (y - 0.74) * 9)))
    light *= 1 - 0.24 * hand
    light *= 1 - 0.16 * ((x - 0.5) ** 2 + (y - 0.5) ** 2) * 2
    pixels = np.asarray(scene, dtype=float) * light[..., None] * np.array([1.0, 0.985, 0.94])
    pixels += chance.normal(0, 2.1, (height, width, 1)) + chance.normal(0, 0.7, (height, width, 3))
    return Image.fromarray(pixels.clip(0, 255).astype("uint8"))


def save(photo, path, orientation):
    """Stores the photograph turned, with an orientation tag that undoes it, a made-up place and comments: all for the pipeline to strip."""
    turn = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270, 3: Image.Transpose.ROTATE_180}[orientation]
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0131] = "Huzhu", "Sample camera", "samples/make.py"
    exif[0x0112] = orientation
    exif[0x0132] = "2026:10:21 09:12:33"
    exif.get_ifd(0x8769).update({0x9003: "2026:10:21 09:12:33", 0xA431: "SERIAL-NOT-REAL-0001", 0x927C: b"maker note to strip"})
    exif.get_ifd(0x8825).update({1: "N", 2: (39.0, 54.0, 0.0), 3: "E", 4: (116.0, 24.0, 0.0), 29: "2026:10:21"})
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><note>xmp to strip</note></x:xmpmeta>'
    photo.transpose(turn).save(path, quality=85, subsampling="4:2:0", optimize=True, exif=exif, comment="comment to strip", xmp=xmp, dpi=(72, 72))
