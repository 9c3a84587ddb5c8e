"""诊断证明书, printed on A5 landscape or A4, and 出院小结."""

from .chance import between, happens
from .settlement_sheet import GRAY
from .stamps import box_stamp, seal


def half_sheet(sheet, case):
    """A5 landscape with a printed frame; the words are set in by the printer."""
    sheet.box(50, 50, 1604, 1120, 3, GRAY)
    head(sheet, case, 827, 130)
    lines = [
        [("姓名", case.person.name, "patient_name"), ("性别", case.person.gender, "gender"), ("年龄", f"{case.person.age(case.ends_on)} 岁", "age")],
        [("科别", case.department, "department"), ("病案号", case.record_number, None), ("日期", str(case.ends_on), "issued_on")],
    ]
    for row, cells in enumerate(lines):
        for x, (label, words, field) in zip((130, 620, 1110), cells):
            sheet.pair(x, 320 + row * 74, label, words, 36, field, case.person.age(case.ends_on) if field == "age" else None)
    body(sheet, case, 130, 500, 38)
    sign(sheet, case, 980, 960)
    sheet.note(1150)


def full_sheet(sheet, case):
    """A4 upright, more white than words."""
    head(sheet, case, 827, 260)
    fields = [
        ("姓　名", case.person.name, "patient_name"),
        ("性　别", case.person.gender, "gender"),
        ("年　龄", f"{case.person.age(case.ends_on)}岁", "age"),
        ("就诊科室", case.department, "department"),
        ("开具日期", f"{case.ends_on:%Y年%m月%d日}", "issued_on"),
    ]
    values = {"age": case.person.age(case.ends_on), "issued_on": str(case.ends_on)}
    for index, (label, words, field) in enumerate(fields):
        sheet.pair(200 + (index % 2) * 700, 520 + (index // 2) * 90, label, words, 38, field, values.get(field))
    sheet.line(190, 780, 1464, 780, 2, GRAY)
    body(sheet, case, 200, 880, 40)
    sign(sheet, case, 900, 1560)
    sheet.note()


def head(sheet, case, x, y):
    sheet.form(x, y, case.hospital.name, 50, sheet.head, anchor="mm")
    half = len(case.hospital.name) * 25
    sheet.keep("hospital_name", case.hospital.name, case.hospital.name, (x - half, y - 26, x + half, y + 26))
    sheet.form(x, y + 90, "诊 断 证 明 书", 58, sheet.head, anchor="mm")


def body(sheet, case, x, y, size):
    sheet.form(x, y, "临床诊断：", size, sheet.head)
    sheet.type(x + size * 5.5, y, case.diagnosis, size + 2, field="diagnosis")
    sheet.form(x, y + size * 2.2, "诊疗经过：", size, sheet.head)
    when = f"{case.starts_on} 至 {case.ends_on} 在我院住院治疗，" if case.is_stay else f"{case.ends_on} 来院就诊，"
    sheet.type(x + size * 5.5, y + size * 2.2, when, size)
    sheet.type(x + size * 5.5, y + size * 3.8, f"予{case.treatment}。", size)
    sheet.form(x, y + size * 6, "医师意见：", size, sheet.head)
    sheet.type(x + size * 5.5, y + size * 6, f"建议休息 {1 + int(case.cashier) % 4} 周，门诊随诊，不适随诊。", size)


def sign(sheet, case, x, y):
    sheet.pair(x, y, "医师签名", "", 36)
    if happens(sheet.chance, 0.75):
        sheet.keep("doctor", case.doctor, case.doctor, sheet.pen(x + 180, y - 10, case.doctor, 62))
    else:
        sheet.type(x + 190, y, case.doctor, 38, field="doctor")
    sheet.form(x, y + 70, "（医院盖章有效）", 28, color=GRAY)
    seal(sheet, x + between(sheet.chance, -60, 330), y + between(sheet.chance, -110, 10), 150, case.hospital.name, "诊断证明专用章")


def summary(sheet, case):
    """A4 upright: the discharge summary, which is paragraphs."""
    head_y = 170
    sheet.form(827, head_y, case.hospital.name, 46, sheet.head, anchor="mm")
    half = len(case.hospital.name) * 23
    sheet.keep("hospital_name", case.hospital.name, case.hospital.name, (827 - half, head_y - 24, 827 + half, head_y + 24))
    sheet.form(827, 250, "出 院 小 结", 52, sheet.head, anchor="mm")
    cells = [
        ("姓名", case.person.name, "patient_name"),
        ("性别", case.person.gender, "gender"),
        ("科室", case.department, "department"),
        ("入院日期", str(case.starts_on), "starts_on"),
        ("出院日期", str(case.ends_on), "ends_on"),
        ("住院天数", f"{case.days} 天", None),
    ]
    for index, (label, words, field) in enumerate(cells):
        sheet.pair(150 + (index % 3) * 470, 350 + (index // 3) * 62, label, words, 31, field)
    sheet.line(140, 455, 1514, 455, 2, GRAY)
    y = 530
    for label, words, field in paragraphs(case):
        sheet.form(150, y, f"{label}：", 33, sheet.head)
        for start in range(0, len(words), 36):
            y += 56
            sheet.type(190, y, words[start : start + 36], 33, field=field)
        y += 84
    sign(sheet, case, 930, min(y + 120, 2050))
    if happens(sheet.chance, 0.3):
        box_stamp(sheet, 400, y + 140, ["复印件与原件相符", "病案室"], 34)
    sheet.note()


def paragraphs(case):
    return [
        ("出院诊断", case.diagnosis, "diagnosis"),
        (
            "入院情况",
            f"患者因不适 {1 + int(case.cashier) % 7} 天入院。查体：体温 36.{int(case.cashier) % 9} 度，脉搏 {70 + int(case.cashier) % 20} 次/分，神志清楚，心肺听诊未闻及明显异常。",
            None,
        ),
        (
            "诊疗经过",
            f"入院后完善血常规、生化、凝血及影像检查，诊断明确，于 {case.starts_on} 起予{case.treatment}及对症支持治疗，过程顺利，未诉特殊不适。",
            None,
        ),
        ("出院情况", "一般情况良好，生命体征平稳，饮食睡眠可，切口或症状恢复满意。", None),
        ("出院医嘱", f"注意休息，清淡饮食；{1 + int(case.cashier) % 4} 周后门诊复查；如有不适及时就诊。", None),
    ]
