"""Invented people and hospitals. Every hospital has 样本 or 示例 in its name; every identity number begins with a code that no person has."""

from dataclasses import dataclass
from datetime import date, timedelta

from .chance import happens, pick

SURNAMES = (
    "林陈周吴郑孙何许沈韩冯曹彭曾萧田董潘袁蔡余杜叶程魏苏吕丁任姚卢姜崔钟谭陆汪范石廖贾韦付白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严"
)
GIVEN = {
    "男": "建国志强伟明军海涛宇航浩然子墨晨曦文博俊杰思远立新永平德胜启东少华景行嘉树承泽守一怀瑾书衡",
    "女": "知夏雨桐淑芬秀英丽娟晓燕美玲佳怡梦瑶欣然诗涵若兰静怡春梅海霞玉珍婉清语嫣念慈采薇沐晴安禾",
}
NATIONS = ["汉"] * 12 + ["满", "回", "蒙古", "土家"]
STREETS = ["示例街道互助里", "样本路", "青松桥南里", "望溪胡同", "槐安东街", "柳荫北巷", "永泰里", "云栖路"]
#: Codes of whole cities (市辖区), which stand in no person's number.
REGIONS = ["110100", "120100", "310100", "130100", "370100", "410100", "210100", "140100"]
WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]


@dataclass(frozen=True)
class Hospital:
    """Where the papers come from: its name and how its printers write."""

    name: str
    level: str
    body: str
    head: str
    printer: str


@dataclass(frozen=True)
class Person:
    name: str
    gender: str
    nation: str
    born_on: date
    national_id: str
    address: str

    def age(self, on):
        return on.year - self.born_on.year - ((on.month, on.day) < (self.born_on.month, self.born_on.day))


HOSPITALS = [
    Hospital("北京青松桥样本医院", "三级", "sans", "serif-bold", "laser"),
    Hospital("北京望溪示例医院", "三级", "ming", "serif-bold", "needle"),
    Hospital("首都示例大学附属样本医院", "三级", "serif", "serif-bold", "laser"),
    Hospital("北京市柳荫区样本人民医院", "二级", "zenhei", "zenhei", "laser"),
    Hospital("北京槐安中西医结合示例医院", "二级", "kai", "serif-bold", "laser"),
    Hospital("北京云栖样本妇产医院", "三级", "microhei", "sans-bold", "thermal"),
    Hospital("北京永泰里社区卫生服务中心（示例）", "一级", "ming", "zenhei", "needle"),
    Hospital("北京示例肿瘤医院", "三级", "sans", "sans-bold", "needle"),
    Hospital("北京市石桥样本中医医院", "三级", "wenkai", "serif-bold", "laser"),
    Hospital("北京安禾骨科示例医院", "二级", "microhei", "serif-bold", "laser"),
    Hospital("北京大柳树样本儿童医院", "三级", "zenhei", "sans-bold", "thermal"),
    Hospital("北京京西矿务示例总医院", "三级", "ming", "serif-bold", "needle"),
]


def check_digit(first_17):
    """The last character of a citizen's identity number (GB 11643)."""
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first_17, WEIGHTS)) % 11]


def masked(number):
    return f"{number[:6]}********{number[-4:]}"


def given_name(chance, gender):
    letters = GIVEN[gender]
    return pick(chance, letters) if happens(chance, 0.25) else pick(chance, letters) + pick(chance, letters)


def full_name(chance, gender):
    return pick(chance, SURNAMES) + given_name(chance, gender)


def person(chance):
    gender = pick(chance, "男女")
    born_on = date(1962, 1, 1) + timedelta(days=int(chance.integers(0, 15_500)))
    order = int(chance.integers(0, 50)) * 2 + (1 if gender == "男" else 0)
    first_17 = f"{pick(chance, REGIONS)}{born_on:%Y%m%d}{order:03d}"
    address = f"北京市样本区{pick(chance, STREETS)} {chance.integers(1, 300)} 号院 {chance.integers(1, 20)} 号楼 {chance.integers(1, 20)}{chance.integers(1, 5):02d}"
    return Person(full_name(chance, gender), gender, pick(chance, NATIONS), born_on, first_17 + check_digit(first_17), address)


def hospital(chance):
    return pick(chance, HOSPITALS)
