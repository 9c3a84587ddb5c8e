"""A sheet of paper that is written on: form and lines in colour, the printer's ink, stamps, and a pen. Remembers where each field stands.

Measures are in units of 1/200 inch (A4 is 1654 x 2339), drawn at `scale` pixels a unit.
"""

import cv2
import numpy as np
from PIL import Image, ImageDraw

from .chance import between, pick, stream
from .fonts import font
from .ink import darken, lay, press, worn_ink
from .money import yuan

A4 = (1654, 2339)
INK = (26, 28, 36)
NOTE = "样本 SPECIMEN：软件测试用示例，人名、机构、金额均为虚构"


class Sheet:
    def __init__(self, size, scale, paper, case, seed, printer=None, is_form=True):
        self.size, self.scale, self.case = size, scale, case
        self.chance = stream(seed, "sheet")
        self.image = Image.new("RGB", self.pixels(size), paper)
        self.draw = ImageDraw.Draw(self.image)
        self.ink = Image.new("L", self.image.size, 0)
        self.printer = ImageDraw.Draw(self.ink)
        self.ink_color = INK
        self.machine, self.is_form = printer or case.hospital.printer, is_form
        #: How far the printer missed the form.
        self.miss = (between(self.chance, -6, 6), between(self.chance, -5, 5)) if self.machine == "needle" else (0, 0)
        self.body, self.head = case.hospital.body, case.hospital.head
        self.fields, self.stamps, self.qr, self.alpha = {}, [], None, None

    def pixels(self, values):
        return tuple(round(value * self.scale) for value in values)

    def font(self, face, size):
        return font(face, round(size * self.scale, 1))

    def write(self, draw, x, y, words, face, size, fill, anchor):
        """Draws the words and returns their box in units."""
        at, letters = (x * self.scale, y * self.scale), self.font(face, size)
        draw.text(at, words, font=letters, fill=fill, anchor=anchor)
        return tuple(edge / self.scale for edge in draw.textbbox(at, words, font=letters, anchor=anchor))

    def on(self, color):
        """Where a colour is drawn, and as what: grey is the printer's too, unless the form came printed."""
        is_gray = max(color) - min(color) < 16
        return (self.printer, 255 - min(color) // 2) if is_gray and not self.is_form else (self.draw, color)

    def form(self, x, y, words, size=32, face=None, color=INK, anchor="lm"):
        """What the form itself says. Returns the right end of the words."""
        draw, fill = self.on(color)
        return self.write(draw, x, y, words, face or self.body, size, fill, anchor)[2]

    def type(self, x, y, words, size=34, face=None, anchor="lm", field=None, value=None):
        """What the printer says. A field keeps its value and its box."""
        box = self.write(self.printer, x + self.miss[0], y + self.miss[1], words, face or self.body, size, 255, anchor)
        self.keep(field, words if value is None else value, words, box)

    def keep(self, field, value, printed, box):
        """Remembers a field; the first place where it stands counts."""
        if field and field not in self.fields and printed:
            self.fields[field] = {"value": value, "printed": printed, "box": box}

    def amount(self, x, y, field, size=34, anchor="rm", face=None):
        """A field of the case in yuan. One that was written over may lie on a patch, in other letters."""
        fen, edit = self.case.fen(field), self.case.edit
        if edit and edit.field == field and edit.patched:
            self.patch(x, y, yuan(fen), size, anchor)
            face = "sans" if self.body != "sans" else "zenhei"
        self.type(x, y, yuan(fen), size, face, anchor, field, fen)

    def patch(self, x, y, words, size, anchor):
        left, top, right, bottom = self.draw.textbbox(self.pixels((x, y)), words, font=self.font(self.body, size), anchor=anchor)
        grow = 8 * self.scale
        paper = tuple(min(255, value + 4) for value in self.image.getpixel((max(0, int(left) - 3), max(0, int(top) - 3))))
        self.draw.rectangle((left - grow, top - grow / 2, right + grow, bottom + grow / 2), fill=paper)

    def pair(self, x, y, label, words, size=32, field=None, value=None, color=INK):
        """A label of the form and what is printed after it."""
        end = self.form(x, y, f"{label}：", size, color=color)
        self.type(end + 4, y, words, size + 1, field=field, value=value)

    def line(self, x1, y1, x2, y2, width=2, color=INK):
        draw, fill = self.on(color)
        draw.line(self.pixels((x1, y1, x2, y2)), fill=fill, width=max(1, round(width * self.scale)))

    def box(self, x1, y1, x2, y2, width=2, color=INK):
        draw, fill = self.on(color)
        draw.rectangle(self.pixels((x1, y1, x2, y2)), outline=fill, width=max(1, round(width * self.scale)))

    def note(self, y=None):
        self.form(self.size[0] / 2, y or self.size[1] - 50, NOTE, min(24, self.size[0] // 30), "sans", (118, 120, 124), "mm")

    def code(self, x, y, side, pattern, text, modules):
        """A QR code with its quiet border, printed at full strength."""
        border = 4
        dark = np.pad(~modules, border, constant_values=True)
        pixels = round(side * self.scale)
        tile = Image.fromarray(np.uint8(dark) * 255).resize((pixels, pixels), Image.Resampling.NEAREST)
        self.image.paste(tile.convert("RGB"), self.pixels((x, y)))
        inner = side * border / len(dark)
        self.qr = {"pattern": pattern, "text": text, "box": (x + inner, y + inner, x + side - inner, y + side - inner)}

    def stamp(self, x, y, mask, color, turn):
        """A stamp, pressed on when the printer is done. `mask` is a picture of its ink, one pixel a pixel of the sheet."""
        size = mask.size[0] // 6 + 1, mask.size[1] // 6 + 1
        wear = np.uint8(cv2.GaussianBlur(self.chance.uniform(0.35, 1.0, size[::-1]), (0, 0), 0.8).clip(0, 1) * 235)
        wear = cv2.resize(wear, mask.size, interpolation=cv2.INTER_CUBIC)
        worn = Image.fromarray(cv2.multiply(np.asarray(mask), wear, scale=1 / 255))
        self.stamps.append((x, y, np.asarray(worn.rotate(turn, Image.Resampling.BICUBIC, expand=True)), color))

    def pen(self, x, y, words, size=64, color=(38, 46, 92)):
        """A name by hand: slanted letters that do not keep to the line. Returns their box."""
        mask = Image.new("L", self.pixels((size * (len(words) + 2), size * 3)), 0)
        for index, letter in enumerate(words):
            self.letter(mask, letter, size * (0.6 + index * between(self.chance, 0.72, 0.92)), size * between(self.chance, 1.2, 1.6), size)
        slant = Image.Transform.AFFINE, (1, between(self.chance, 0.1, 0.35), -size * self.scale * 0.3, between(self.chance, -0.05, 0.12), 1, 0)
        mask = np.asarray(mask.transform(mask.size, *slant, Image.Resampling.BICUBIC))
        self.stamps.append((x + mask.shape[1] / 2 / self.scale, y, mask, color))
        left, top, right, bottom = (edge / self.scale for edge in Image.fromarray(mask).getbbox())
        middle = mask.shape[0] / 2 / self.scale
        return x + left, y - middle + top, x + right, y - middle + bottom

    def letter(self, mask, letter, x, y, size):
        tall = size * between(self.chance, 0.85, 1.2)
        tile = Image.new("L", self.pixels((tall * 1.3, tall * 1.3)), 0)
        middle = tile.size[0] / 2
        ImageDraw.Draw(tile).text((middle, middle), letter, font=self.font(pick(self.chance, ["kai", "wenkai"]), tall), fill=225, anchor="mm")
        tile = tile.rotate(between(self.chance, -14, 10), Image.Resampling.BICUBIC)
        mask.paste(255, self.pixels((x, y - tall * 0.65)), tile)

    def finish(self):
        """The sheet as an array of red, green and blue."""
        page = np.array(self.image)
        ink = worn_ink(np.array(self.ink), self.machine, self.scale, self.chance)
        darken(page, ink, self.ink_color)
        for x, y, mask, color in self.stamps:
            press(page, round(x * self.scale), round(y * self.scale), mask, color)
        lay(page, np.int16(self.chance.normal(0, 1.6, (256, 256, 1)).repeat(3, 2)))
        return page
