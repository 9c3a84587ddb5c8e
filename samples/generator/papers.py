"""Every kind of paper and its layouts."""

from collections.abc import Callable
from dataclasses import dataclass

from . import diagnosis, e_bill, id_card, settlement_sheet
from .sheet import A4

WHITE, CREAM, PALE_GREEN, CARD = (250, 249, 246), (247, 243, 233), (246, 250, 246), (232, 240, 246)
BILL_EDITS = ("total_fen", "pooled_fund_fen", "personal_cash_fen", "personal_pay_fen")
SHEET_EDITS = ("total_fen", "pooled_fund_fen", "self_pay_one_fen", "own_expense_fen")


@dataclass(frozen=True)
class Layout:
    """How a paper looks: its size in units, its colour, who draws it, and the height of its fields' `letters`."""

    size: tuple
    paper: tuple
    draw: Callable
    letters: int
    edits: tuple = ()
    printer: str | None = None  # when it is not the hospital's usual one
    is_form: bool = False  # it came printed, and only the words are set in


PAPERS = {
    "settlement_sheet": {
        "grid": Layout(A4, WHITE, settlement_sheet.grid, 34, SHEET_EDITS),
        "wide": Layout((2200, 1180), CREAM, settlement_sheet.wide, 34, SHEET_EDITS, is_form=True),
        "plain": Layout(A4, WHITE, settlement_sheet.plain, 35, SHEET_EDITS),
    },
    "e_bill": {
        "national": Layout((2200, 1540), PALE_GREEN, e_bill.national, 33, BILL_EDITS),
        "half": Layout(A4, WHITE, e_bill.half, 25, BILL_EDITS),
        "slip": Layout((640, 1420), WHITE, e_bill.slip, 30, BILL_EDITS, "thermal"),
    },
    "diagnosis": {
        "half_sheet": Layout((1654, 1170), WHITE, diagnosis.half_sheet, 38, is_form=True),
        "full_sheet": Layout(A4, WHITE, diagnosis.full_sheet, 40),
    },
    "id_card": {
        "front": Layout(id_card.CARD, CARD, id_card.front, 50, printer="laser", is_form=True),
        "back": Layout(id_card.CARD, CARD, id_card.back, 48, printer="laser", is_form=True),
        "copy": Layout(A4, (246, 246, 245), id_card.copy, 29, printer="laser", is_form=True),
    },
    "discharge_summary": {"summary": Layout(A4, WHITE, diagnosis.summary, 33)},
}
#: Papers that only a stay in hospital has.
OF_A_STAY = ("settlement_sheet", "discharge_summary")
BLANK = Layout(A4, WHITE, lambda sheet, case: None, 34)
