"""北京市医疗保险住院费用清单, in three layouts: a grid on A4, a needle printer's wide form, and a plain list."""

from .chance import between, happens
from .money import yuan
from .people import masked
from .stamps import box_stamp, seal

GRAY = (72, 74, 82)
TITLE = "北京市医疗保险住院费用清单"
AMOUNTS = [
    ("费用总额", "total_fen"),
    ("统筹基金支付", "pooled_fund_fen"),
    ("大额互助资金支付", "large_sum_fen"),
    ("自付一", "self_pay_one_fen"),
    ("自付二", "self_pay_two_fen"),
    ("自费", "own_expense_fen"),
    ("个人账户支付", "personal_account_fen"),
    ("个人现金支付", "personal_cash_fen"),
]


def grid(sheet, case):
    """A4 upright: the items in a table, the amounts in boxes under it."""
    sheet.form(827, 150, TITLE, 62, sheet.head, anchor="mm")
    sheet.form(827, 222, "（职工基本医疗保险 · 出院结算）", 32, "serif", anchor="mm")
    sheet.pair(130, 300, "交易流水号", case.serial, 35, "serial")
    sheet.form(1524, 300, "第 1 页 / 共 1 页", 30, anchor="rm")
    sheet.line(130, 335, 1524, 335, 4)
    about(sheet, case, 385, 62, (130, 740, 1140), 31)
    bottom = item_table(sheet, case, 720)
    sheet.form(130, bottom + 70, "结算情况（单位：元）", 35, sheet.head)
    for index, (label, field) in enumerate(AMOUNTS):
        left, top = 130 + (index % 3) * 465, bottom + 120 + (index // 3) * 92
        sheet.box(left, top, left + 464, top + 92)
        sheet.form(left + 20, top + 46, label, 30)
        sheet.amount(left + 444, top + 46, field, 35)
    foot(sheet, case, bottom + 480, 130, 1130)
    sheet.note()


def about(sheet, case, top, step, columns, size):
    person, name_of_field = case.person, {"姓名": "patient_name", "定点医疗机构": "hospital_name", "入院日期": "starts_on", "出院日期": "ends_on"}
    rows = [
        [("姓名", person.name), ("性别", person.gender), ("年龄", f"{person.age(case.ends_on)} 岁")],
        [("社会保障号码", masked(case.person.national_id)), ("人员类别", "在职职工"), ("险种", "城镇职工")],
        [("定点医疗机构", case.hospital.name), ("医院等级", case.hospital.level), ("科别", case.department)],
        [("住院号", case.record_number), ("入院日期", str(case.starts_on)), ("出院日期", str(case.ends_on))],
        [("结算日期", str(case.ends_on)), ("住院天数", f"{case.days} 天"), ("结算次数", "1")],
    ]
    for row, cells in enumerate(rows):
        for x, (label, words) in zip(columns, cells):
            smaller = size - 5 if label == "定点医疗机构" and len(words) > 12 else size
            sheet.pair(x, top + row * step, label, words, smaller, name_of_field.get(label), color=GRAY)


def item_table(sheet, case, top, step=60):
    columns = [130, 480, 680, 940, 1160, 1345, 1524]
    rows = len(case.items) + 2
    for row in range(rows + 1):
        sheet.line(130, top + row * step, 1524, top + row * step, 3 if row in (0, rows) else 1)
    for x in columns:
        sheet.line(x, top, x, top + rows * step, 3 if x in (130, 1524) else 1)
    for left, right, head in zip(columns, columns[1:], ["费用项目", "数量", "费用金额", "医保内金额", "自付二", "自费"]):
        sheet.form((left + right) / 2, top + step / 2, head, 31, sheet.head, anchor="mm")
    for row, item in enumerate(case.items):
        y = top + step * (row + 1.5)
        sheet.type(columns[0] + 24, y, item.name, 31)
        sheet.type((columns[1] + columns[2]) / 2, y, item.count, 29, anchor="mm")
        for right, fen in zip(columns[3:], (item.fen, item.fen - item.two - item.own, item.two, item.own)):
            sheet.type(right - 18, y, yuan(fen), 31, anchor="rm")
    sheet.form(columns[0] + 24, top + step * (rows - 0.5), "合计", 31, sheet.head)
    for right, fen in zip(columns[4:], (sum(item.two for item in case.items), sum(item.own for item in case.items))):
        sheet.type(right + (columns[5] - columns[4]) - 20, top + step * (rows - 0.5), yuan(fen), 31, anchor="rm")
    return top + rows * step


def foot(sheet, case, y, left, right):
    sheet.pair(left, y, "收费员", case.cashier, 30)
    sheet.pair(left + 360, y, "打印时间", f"{case.ends_on} {8 + int(case.cashier) % 9:02d}:{int(case.cashier) % 60:02d}", 30)
    sheet.form(right, y, "医疗机构（盖章）：", 30)
    sheet.form(left, y + 62, "本清单为参保人员出院结算凭据，请妥善保管，遗失不补。", 27, color=GRAY)
    seal(sheet, right + between(sheet.chance, 60, 270), y + between(sheet.chance, -70, 20), 165, case.hospital.name, "出院结算章")
    if happens(sheet.chance, 0.3):
        box_stamp(sheet, left + between(sheet.chance, 80, 500), y + between(sheet.chance, -120, 60), ["现金收讫", f"{case.ends_on}"], 36)


def wide(sheet, case):
    """A needle printer's form with holes at its sides: few lines, items in two columns."""
    for y in range(40, sheet.size[1], 100):
        for x in (32, sheet.size[0] - 32):
            sheet.draw.ellipse(sheet.pixels((x - 15, y - 15, x + 15, y + 15)), fill=(150, 148, 142))
    blue = (58, 78, 120)
    sheet.form(1100, 90, TITLE, 56, sheet.head, blue, "mm")
    sheet.pair(110, 160, "流水号", case.serial, 33, "serial", color=blue)
    sheet.pair(1350, 160, "医疗机构", case.hospital.name, 31, "hospital_name", color=blue)
    pairs = [
        ("姓名", case.person.name, "patient_name", 110),
        ("性别", case.person.gender, None, 420),
        ("住院号", case.record_number, None, 640),
        ("入院日期", f"{case.starts_on:%Y.%m.%d}", "starts_on", 1080),
        ("出院日期", f"{case.ends_on:%Y.%m.%d}", "ends_on", 1520),
    ]
    for label, words, field, x in pairs:
        value = str(case.starts_on if field == "starts_on" else case.ends_on) if field and field.endswith("_on") else None
        sheet.pair(x, 220, label, words, 31, field, value, blue)
    sheet.line(100, 255, 2100, 255, 3, blue)
    for index, item in enumerate(case.items):
        x, y = 110 + (index % 2) * 1000, 300 + (index // 2) * 62
        sheet.type(x, y, item.name, 33)
        sheet.type(x + 430, y, item.count, 31, anchor="mm")
        sheet.type(x + 720, y, yuan(item.fen), 34, anchor="rm")
        sheet.type(x + 930, y, yuan(item.two + item.own), 31, anchor="rm")
    top = 345 + (len(case.items) + 1) // 2 * 62
    sheet.line(100, top - 30, 2100, top - 30, 2, blue)
    for index, (label, field) in enumerate(AMOUNTS):
        x, y = 110 + (index % 4) * 500, top + 20 + (index // 4) * 80
        sheet.form(x, y, label, 28 if len(label) > 6 else 30, color=blue)
        sheet.amount(x + 460, y, field, 35)
    foot(sheet, case, top + 220, 110, 1500)
    sheet.note()


def plain(sheet, case):
    """A4 upright without a table: two columns of what was paid, then the items as a list."""
    sheet.form(827, 170, case.hospital.name, 44, sheet.head, anchor="mm")
    sheet.keep(
        "hospital_name", case.hospital.name, case.hospital.name, (827 - len(case.hospital.name) * 22, 146, 827 + len(case.hospital.name) * 22, 194)
    )
    sheet.form(827, 250, TITLE, 50, sheet.head, anchor="mm")
    rows = [
        ("姓　　名", case.person.name, "patient_name"),
        ("交易流水号", case.serial, "serial"),
        ("起始日期", f"{case.starts_on:%Y 年 %m 月 %d 日}", "starts_on"),
        ("截止日期", f"{case.ends_on:%Y 年 %m 月 %d 日}", "ends_on"),
    ]
    for index, (label, words, field) in enumerate(rows):
        value = str(getattr(case, field)) if field.endswith("_on") else None
        sheet.pair(170 + (index % 2) * 680, 350 + (index // 2) * 70, label, words, 33, field, value)
    sheet.form(170, 500, "＝" * 40, 32)
    for index, (label, field) in enumerate(AMOUNTS):
        x, y = 170 + (index % 2) * 680, 570 + (index // 2) * 74
        sheet.form(x, y, label, 33)
        sheet.amount(x + 590, y, field, 36)
    sheet.form(170, 880, "－" * 40, 32)
    for index, item in enumerate(case.items):
        y = 950 + index * 62
        sheet.type(190, y, f"{index + 1:02d}  {item.name}", 32)
        sheet.type(800, y, item.count, 30, anchor="mm")
        sheet.type(1180, y, yuan(item.fen), 32, anchor="rm")
        sheet.type(1460, y, "无自付" if item.two + item.own == 0 else "有自付", 28, anchor="rm")
    foot(sheet, case, 1080 + len(case.items) * 62, 170, 1050)
    sheet.note()
