"""A file that every search for viruses knows and that harms nobody (EICAR's), hidden in a photograph. `virus.py signature` prints what finds it."""

from pathlib import Path

#: In two pieces, so that no search finds this file.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-" + rb"ANTIVIRUS-TEST-FILE!$H+H*"
SHEET = Path(__file__).resolve().parents[2] / "samples/settlement-sheet.jpg"


def infected():
    """A good photograph with the file in a comment."""
    sheet = SHEET.read_bytes()
    comment = b"\xff\xfe" + (len(EICAR) + 2).to_bytes(2, "big") + EICAR
    return sheet[:2] + comment + sheet[2:]


if __name__ == "__main__":
    print(f"Huzhu.Test.Eicar:0:*:{EICAR.hex()}")
