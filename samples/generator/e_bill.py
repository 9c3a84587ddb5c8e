"""医疗收费电子票据, for a visit or a stay: on its own sheet, on the upper half of A4, or as a slip of a machine in the hall."""

from .chance import between, happens, stream
from .money import in_words, yuan
from .people import masked
from .qr import bill_text, modules
from .settlement_sheet import GRAY
from .stamps import oval, seal

GREEN = (34, 96, 84)
HEAD = [("票据代码", "bill_code"), ("票据号码", "bill_number"), ("校验码", "check_code"), ("开票日期", "issued_on")]


def head_words(case):
    return {"bill_code": case.bill_code, "bill_number": case.bill_number, "check_code": case.check_code, "issued_on": str(case.ends_on)}


def title(case):
    return f"北京市医疗{'住院' if case.is_stay else '门诊'}收费票据（电子）"


def draw_code(sheet, case, x, y, side):
    chance = stream(int(case.bill_number), "qr")
    pattern, text = bill_text(chance, case)
    sheet.code(x, y, side, pattern, text, modules(chance, text))


def national(sheet, case):
    """The national form, landscape."""
    bill(sheet, case)
    sheet.note(1490)


def half(sheet, case):
    """The same form printed smaller on the upper half of A4, as most people print it."""
    full, sheet.scale = sheet.scale, sheet.scale * 0.75
    bill(sheet, case)
    sheet.scale = full
    for kept in [*sheet.fields.values(), sheet.qr]:
        kept["box"] = tuple(edge * 0.75 for edge in kept["box"])
    sheet.stamps = [(x * 0.75, y * 0.75, mask, color) for x, y, mask, color in sheet.stamps]
    sheet.note(1250)


def bill(sheet, case):
    draw_code(sheet, case, 95, 70, 270)
    sheet.form(1050, 120, title(case), 60, sheet.head, GREEN, "mm")
    sheet.line(660, 172, 1440, 172, 3, GREEN)
    sheet.line(660, 182, 1440, 182, 3, GREEN)
    oval(sheet, 1050, 130, 230, "全国统一样本票据监制章", "示例")
    for index, (label, field) in enumerate(HEAD):
        sheet.form(1620, 90 + index * 56, f"{label}：", 32, color=GREEN)
        sheet.type(1800, 90 + index * 56, head_words(case)[field], 36, field=field)
    sheet.pair(420, 260, "交款人统一社会信用代码", masked(case.person.national_id), 32, "national_id_masked", color=GREEN)
    sheet.pair(420, 320, "交款人", case.person.name, 33, "patient_name", color=GREEN)
    sheet.box(95, 365, 2105, 1335, 4, GREEN)
    bill_items(sheet, case)
    bill_total(sheet, case)
    bill_other(sheet, case)
    sheet.form(95, 1395, "收款单位（章）：", 32, color=GREEN)
    sheet.type(345, 1395, case.hospital.name, 33, field="hospital_name")
    sheet.pair(1150, 1395, "复核人", case.doctor, 31, color=GREEN)
    sheet.pair(1620, 1395, "收款人", case.cashier, 31, color=GREEN)
    seal(sheet, between(sheet.chance, 640, 980), between(sheet.chance, 1340, 1400), 125, case.hospital.name, "收费专用章")


def bill_items(sheet, case):
    for left in (95, 1100):
        sheet.form(left + 60, 405, "项目名称", 32, sheet.head, GREEN)
        sheet.form(left + 520, 405, "数量/单位", 32, sheet.head, GREEN, "mm")
        sheet.form(left + 950, 405, "金额（元）", 32, sheet.head, GREEN, "rm")
    sheet.line(95, 440, 2105, 440, 2, GREEN)
    sheet.line(1100, 365, 1100, 880, 2, GREEN)
    for index, item in enumerate(case.items):
        left, y = 95 + (index // 6) * 1005, 478 + (index % 6) * 68
        sheet.type(left + 60, y, item.name, 34)
        sheet.type(left + 520, y, item.count, 32, anchor="mm")
        sheet.type(left + 950, y, yuan(item.fen), 34, anchor="rm")


def total_in_words(case):
    edit = case.edit
    return in_words(edit.printed_fen if edit and edit.field == "total_fen" and edit.in_words_too else case.amounts["total_fen"])


def bill_total(sheet, case):
    sheet.line(95, 880, 2105, 880, 2, GREEN)
    sheet.form(130, 925, "金额合计（大写）", 34, sheet.head, GREEN)
    sheet.type(430, 925, total_in_words(case), 36, field="total_in_words")
    sheet.form(1330, 925, "（小写）", 34, sheet.head, GREEN)
    sheet.amount(1480, 925, "total_fen", 40, "lm")
    sheet.line(95, 970, 2105, 970, 2, GREEN)


def bill_other(sheet, case):
    """What the national form calls 其他信息, and under it Beijing's own two parts of 个人自付."""
    when = f"住院时间：{case.starts_on} 至 {case.ends_on}" if case.is_stay else f"就诊日期：{case.ends_on}"
    for x, label, words, field in [
        (240, "业务流水号", case.serial, "serial"),
        (950, "住院号" if case.is_stay else "门诊号", case.record_number, None),
        (1430, "科别", case.department, None),
        (1850, "性别", case.person.gender, None),
    ]:
        sheet.pair(x, 1008, label, words, 29, field, color=GREEN)
    stay_dates(sheet, case, when)
    sheet.pair(950, 1068, "医疗机构类型", "综合医院", 29, color=GREEN)
    sheet.pair(1430, 1068, "医保类型", "城镇职工", 29, color=GREEN)
    rows = [
        ("医保统筹基金支付", "pooled_fund_fen"),
        ("其他支付", "other_pay_fen"),
        ("个人账户支付", "personal_account_fen"),
        ("个人现金支付", "personal_cash_fen"),
        ("个人自付", "personal_pay_fen"),
        ("个人自费", "own_expense_fen"),
        ("自付一", "self_pay_one_fen"),
        ("自付二", "self_pay_two_fen"),
    ]
    for index, (label, field) in enumerate(rows):
        x, y = 240 + (index % 3) * 620, 1130 + (index // 3) * 66
        end = sheet.form(x, y, f"{label}：", 30, color=GREEN)
        sheet.amount(end + 6, y, field, 32, "lm")
    sheet.form(125, 1130, "其他", 32, sheet.head, GREEN)
    sheet.form(125, 1176, "信息", 32, sheet.head, GREEN)
    sheet.line(215, 970, 215, 1335, 2, GREEN)


def stay_dates(sheet, case, words):
    """住院时间 is one line of two dates; a visit's is one date."""
    end = sheet.form(240, 1068, words[:5], 29, color=GREEN)
    sheet.type(end + 4, 1068, str(case.starts_on), 30, field="starts_on")
    if case.is_stay:
        sheet.type(end + 165, 1068, "至", 30)
        sheet.type(end + 205, 1068, str(case.ends_on), 30, field="ends_on")


def slip(sheet, case):
    """80 mm of heat paper that tells of the bill: a line a field, and the code."""
    middle = sheet.size[0] / 2
    sheet.form(middle, 60, case.hospital.name, 34, sheet.head, anchor="mm")
    sheet.form(middle, 112, "医疗收费电子票据告知单", 36, sheet.head, anchor="mm")
    y = 180
    for label, field in HEAD:
        sheet.pair(36, y, label, head_words(case)[field], 29, field)
        y += 48
    for label, words, field in [("交款人", case.person.name, "patient_name"), ("流水号", case.serial, "serial"), ("科别", case.department, None)]:
        sheet.pair(36, y, label, words, 29, field)
        y += 48
    sheet.form(middle, y, "- " * 26, 26, anchor="mm")
    y = slip_amounts(sheet, case, y + 50)
    draw_code(sheet, case, middle - 120, y, 240)
    sheet.form(middle, y + 270, "扫码查验并下载票据", 26, color=GRAY, anchor="mm")
    sheet.note(y + 320)


def slip_amounts(sheet, case, y):
    rows = [
        ("金额合计", "total_fen"),
        ("统筹基金支付", "pooled_fund_fen"),
        ("其他支付", "other_pay_fen"),
        ("个人账户支付", "personal_account_fen"),
        ("个人现金支付", "personal_cash_fen"),
        ("个人自付", "personal_pay_fen"),
        ("个人自费", "own_expense_fen"),
    ]
    for label, field in rows:
        sheet.form(36, y, label, 29)
        sheet.amount(sheet.size[0] - 40, y, field, 32)
        y += 50
    if happens(sheet.chance, 0.5):
        sheet.type(36, y, total_in_words(case), 26, field="total_in_words")
        y += 50
    return y
