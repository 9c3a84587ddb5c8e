"""What a bill's QR code says, and the code itself. No public text says what a fiscal e-bill's code holds: a reader must bear all of these."""

import numpy as np
import qrcode

from .chance import digits, happens, pick
from .money import plain

PATTERNS = ["fiscal"] * 5 + ["tax"] * 2 + ["url"] * 2 + ["junk"]


def bill_text(chance, case):
    """Pattern and text. The amount is the true one: who writes over a page leaves its code as it was."""
    amount, compact = plain(case.amounts["total_fen"]), f"{case.ends_on:%Y%m%d}"
    pattern = pick(chance, PATTERNS)
    host = pick(chance, ["fapiao.yangben", "einvoice.shili", "bill.huzhu-sample"])
    return pattern, {
        "fiscal": f"ebill,{case.bill_code},{case.bill_number},{case.check_code},{case.ends_on},{amount}",
        "tax": f"01,10,{case.bill_code},{case.bill_number},{amount},{compact},{case.check_code},{digits(chance, 4)},",
        "url": f"https://{host}.example.cn/?c={case.bill_code}&n={case.bill_number}&k={case.check_code}&d={compact}&m={amount}",
        "junk": pick(
            chance,
            [f"http://wx.example.cn/r/{digits(chance, 9)}", f"PATIENT^{case.record_number}^{digits(chance, 6)}", "微信扫一扫 关注样本医院", ",,,,,"],
        ),
    }[pattern]


def modules(chance, text):
    """The code as a square of booleans, dark where true, without a border."""
    level = qrcode.constants.ERROR_CORRECT_L if happens(chance, 0.3) else qrcode.constants.ERROR_CORRECT_M
    code = qrcode.QRCode(error_correction=level, border=0, mask_pattern=int(chance.integers(0, 8)))
    code.add_data(text)
    code.make()
    return np.array(code.modules, dtype=bool)
