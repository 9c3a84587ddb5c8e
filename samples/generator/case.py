"""One stay or visit: who, where, when, why, and the amounts. All papers of a case agree, unless an edit says otherwise."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from . import money, people
from .chance import digits, happens, pick, stream

ILLNESSES = [  # department, diagnosis, what was done
    ("普通外科", "急性单纯性阑尾炎", "腹腔镜阑尾切除术"),
    ("普通外科", "胆囊结石伴慢性胆囊炎", "腹腔镜胆囊切除术"),
    ("骨科", "右侧桡骨远端骨折", "切开复位内固定术"),
    ("骨科", "腰椎间盘突出症", "保守治疗"),
    ("心血管内科", "冠状动脉粥样硬化性心脏病", "冠状动脉造影"),
    ("心血管内科", "高血压病 2 级（中危）", "药物治疗"),
    ("呼吸内科", "社区获得性肺炎", "抗感染治疗"),
    ("神经内科", "短暂性脑缺血发作", "抗血小板治疗"),
    ("内分泌科", "2 型糖尿病", "胰岛素强化治疗"),
    ("妇科", "子宫平滑肌瘤", "腹腔镜子宫肌瘤剔除术"),
    ("泌尿外科", "左侧输尿管结石", "输尿管镜碎石取石术"),
    ("眼科", "老年性白内障（右眼）", "超声乳化联合人工晶体植入术"),
    ("消化内科", "胃溃疡", "内镜下治疗"),
    ("耳鼻喉科", "慢性鼻窦炎", "功能性鼻内镜手术"),
    ("乳腺外科", "左乳纤维腺瘤", "乳腺肿物微创旋切术"),
    ("肿瘤科", "甲状腺乳头状癌", "甲状腺腺叶切除术"),
]
CHECK_LETTERS = "abcdefghjkmnpqrstuvwxyz0123456789"


@dataclass(frozen=True)
class Case:
    person: people.Person
    hospital: people.Hospital
    is_stay: bool
    starts_on: date
    ends_on: date
    department: str
    diagnosis: str
    treatment: str
    doctor: str
    cashier: str
    serial: str
    record_number: str
    bill_code: str
    bill_number: str
    check_code: str
    items: list
    amounts: dict
    edit: money.Edit | None = None

    @property
    def days(self):
        return max(1, (self.ends_on - self.starts_on).days)

    def fen(self, name):
        """The amount as it is printed."""
        return self.edit.printed_fen if self.edit and self.edit.field == name else self.amounts[name]


def invent(seed, hospital_seed, person_seed, is_stay):
    """The case of these seeds. Two cases may share the hospital or the person."""
    chance = stream(seed, "case")
    ends_on = date(2025, 7, 1) + timedelta(days=int(chance.integers(0, 480)))
    starts_on = ends_on - timedelta(days=int(chance.integers(2, 22)) if is_stay else 0)
    department, diagnosis, treatment = pick(chance, ILLNESSES)
    listed = money.items(chance, is_stay, max(1, (ends_on - starts_on).days))
    amounts = money.amounts(chance, listed, is_stay)
    amounts |= {"other_pay_fen": amounts["large_sum_fen"], "personal_pay_fen": amounts["self_pay_one_fen"] + amounts["self_pay_two_fen"]}
    return Case(
        people.person(stream(person_seed, "person")),
        people.hospital(stream(hospital_seed, "hospital")),
        is_stay,
        starts_on,
        ends_on,
        department,
        diagnosis,
        treatment,
        people.full_name(chance, pick(chance, "男女")),
        f"{chance.integers(1, 2000):04d}",
        f"110100{'A' if is_stay else 'B'}{ends_on:%y%m%d}{digits(chance, 8)}",
        f"{'ZY' if is_stay else 'MZ'}{digits(chance, 8)}",
        f"110101{ends_on:%y}",
        digits(chance, 10),
        "".join(pick(chance, CHECK_LETTERS) for _ in range(6)),
        listed,
        amounts,
    )


def edited(case, seed, fields):
    """The same case with one of the amounts of a paper written over."""
    return replace(case, edit=money.edit(stream(seed, "edit"), case.amounts, fields))


def is_stay(seed, share=0.6):
    return happens(stream(seed, "stay or visit"), share)
