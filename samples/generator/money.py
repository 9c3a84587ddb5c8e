"""Amounts in fen: what a bill's items come to, who pays which part, and how an amount is written in words."""

from dataclasses import dataclass
from decimal import Decimal

from .chance import between, happens, pick

DIGITS = "零壹贰叁肆伍陆柒捌玖"
STAY_ITEMS = [  # name, unit, weight, share of self-pay two, share of own expense
    ("床位费", "天", 5, 0, 0.05),
    ("诊察费", "次", 5, 0, 0),
    ("检查费", "项", 15, 0.08, 0),
    ("化验费", "项", 12, 0, 0.04),
    ("治疗费", "次", 12, 0.05, 0),
    ("手术费", "次", 18, 0, 0),
    ("护理费", "天", 4, 0, 0),
    ("卫生材料费", "件", 20, 0.1, 0.08),
    ("西药费", "支", 22, 0.03, 0.05),
    ("中成药费", "盒", 4, 0.1, 0.1),
    ("中药饮片", "剂", 4, 0, 0.1),
    ("其他", "项", 2, 0, 0.3),
]
VISIT_ITEMS = [
    ("诊察费", "次", 4, 0, 0),
    ("检查费", "项", 20, 0.08, 0),
    ("化验费", "项", 18, 0, 0.05),
    ("治疗费", "次", 8, 0.05, 0),
    ("西药费", "盒", 20, 0.1, 0.05),
    ("中成药费", "盒", 10, 0.1, 0.1),
    ("中药饮片", "剂", 8, 0, 0.1),
    ("卫生材料费", "件", 4, 0.1, 0.1),
    ("一般诊疗费", "次", 3, 0, 0),
]


@dataclass(frozen=True)
class Item:
    name: str
    count: str
    fen: int
    two: int
    own: int


@dataclass(frozen=True)
class Edit:
    """An amount that somebody wrote over: `printed_fen` stands where `true_fen` stood, in words too or not, and on a patch or not."""

    field: str
    true_fen: int
    printed_fen: int
    in_words_too: bool
    patched: bool


def yuan(fen):
    return f"{Decimal(fen) / 100:,.2f}"


def plain(fen):
    return f"{Decimal(fen) / 100:.2f}"


def in_words(fen):
    """The amount in the capital numerals of a bill: 3599135 is 叁万伍仟玖佰玖拾壹元叁角伍分."""
    whole, jiao, odd = fen // 100, fen // 10 % 10, fen % 10
    words = f"{whole_in_words(whole)}元" if whole else ""
    if not jiao and not odd:
        return f"{words or '零元'}整"
    if jiao:
        words += f"{DIGITS[jiao]}角"
    elif words:
        words += "零"
    return words + (f"{DIGITS[odd]}分" if odd else "整")


def whole_in_words(number):
    words = ""
    for group, unit in ((number // 10**8, "亿"), (number // 10**4 % 10**4, "万"), (number % 10**4, "")):
        if group:
            words += ("零" if words and group < 1000 else "") + thousands_in_words(group) + unit
    return words


def thousands_in_words(group):
    words, gap = "", False
    for unit, power in (("仟", 1000), ("佰", 100), ("拾", 10), ("", 1)):
        digit = group // power % 10
        if digit:
            words += ("零" if gap and words else "") + DIGITS[digit] + unit
        gap = digit == 0
    return words


def items(chance, is_stay, days):
    """Some items of the national list, each with its parts that the insurance does not cover."""
    total = int(min(9_000_000, 350_000 + chance.lognormal(13.6, 0.8)) if is_stay else min(400_000, 8_000 + chance.lognormal(10.3, 0.8)))
    listed = STAY_ITEMS if is_stay else VISIT_ITEMS
    dropped = int(chance.integers(1, 4)) if is_stay else int(chance.integers(4, 7))
    kept = sorted(chance.permutation(len(listed))[dropped:])
    weights = [listed[index][2] * between(chance, 0.4, 1.8) for index in kept]
    return [item(chance, listed[index], int(total * weight / sum(weights)), days) for index, weight in zip(kept, weights)]


def item(chance, listed, fen, days):
    name, unit, _, two, own = listed
    count = days if unit == "天" else int(chance.integers(1, 40 if unit in "件支项" and days > 1 else 9))
    two = int(fen * two * between(chance, 0.3, 1.5)) if two and happens(chance, 0.8) else 0
    own = int(fen * own * between(chance, 0.3, 1.5)) if own and happens(chance, 0.7) else 0
    return Item(name, f"{count} {unit}", fen, two, own)


def amounts(chance, listed, is_stay):
    """Who pays what of the items. total = pooled + other + account + cash, and account + cash = one + two + own."""
    total, two, own = (sum(getattr(item, part) for item in listed) for part in ("fen", "two", "own"))
    base = total - two - own
    gate = pick(chance, [130_000, 65_000]) if is_stay else int(base * between(chance, 0.05, 0.5))
    one = min(base, gate + int((base - gate) * between(chance, 0.03, 0.25)))
    covered = base - one
    large = int(covered * between(chance, 0.02, 0.2)) if is_stay and happens(chance, 0.5) else 0
    if not is_stay and happens(chance, 0.7):
        large = covered
    personal = one + two + own
    account = int(chance.integers(0, min(personal, 200_000) + 1)) if happens(chance, 0.4) else 0
    return {
        "total_fen": total,
        "pooled_fund_fen": covered - large,
        "large_sum_fen": large,
        "self_pay_one_fen": one,
        "self_pay_two_fen": two,
        "own_expense_fen": own,
        "personal_account_fen": account,
        "personal_cash_fen": personal - account,
    }


def edit(chance, printed, fields):
    """Writes over one of `fields`: a digit put in or raised, as in the case of 15,263.14 that became 105,263.14."""
    field = pick(chance, [name for name in fields if printed[name] >= 10_000] or list(fields))
    figures = str(printed[field]).rjust(5, "1")
    changed = (
        figures[0] + "0" + figures[1:] if happens(chance, 0.4) else str((int(figures[0]) + int(chance.integers(1, 9)) - 1) % 9 + 1) + figures[1:]
    )
    in_words_too, is_patched = happens(chance, 0.5), happens(chance, 0.6)
    return Edit(field, printed[field], int(changed), field == "total_fen" and in_words_too, is_patched)


EQUATIONS = [
    (["total_fen"], ["pooled_fund_fen", "other_pay_fen", "personal_account_fen", "personal_cash_fen"]),
    (["total_fen"], ["pooled_fund_fen", "large_sum_fen", "self_pay_one_fen", "self_pay_two_fen", "own_expense_fen"]),
    (["personal_pay_fen"], ["self_pay_one_fen", "self_pay_two_fen"]),
    (["personal_pay_fen", "own_expense_fen"], ["personal_account_fen", "personal_cash_fen"]),
]


def broken_equations(printed):
    """Those that these printed amounts (name: fen) do not keep. Only those whose amounts are all printed count."""
    whole = [(left, right) for left, right in EQUATIONS if all(name in printed for name in left + right)]
    return [f"{' + '.join(left)} = {' + '.join(right)}" for left, right in whole if sum(map(printed.get, left)) != sum(map(printed.get, right))]
