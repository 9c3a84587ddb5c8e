"""The stamps of a hospital: round, oval and square."""

import numpy as np
from PIL import Image, ImageDraw

from .chance import between, pick


def seal(sheet, x, y, radius, around, across):
    """A round red seal: the hospital's name on an arc, a star, a word across."""
    s = sheet.scale
    size, middle = round(radius * s * 2.1), radius * s * 1.05
    mask = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(mask)
    draw.ellipse(
        (middle - radius * s, middle - radius * s, middle + radius * s, middle + radius * s), outline=255, width=max(2, round(radius * s * 0.05))
    )
    arc(mask, sheet, middle, radius, radius, around)
    points = [(i * np.pi / 5, radius * s * (0.3 if i % 2 == 0 else 0.12)) for i in range(10)]
    draw.polygon([(middle + reach * np.sin(angle), middle - reach * np.cos(angle) - radius * s * 0.05) for angle, reach in points], fill=255)
    draw.text((middle, middle + radius * s * 0.52), across, font=sheet.font("serif-bold", radius * 0.19), fill=255, anchor="mm")
    sheet.stamp(x, y, mask, (204, 34, 40), between(sheet.chance, -24, 24))


def oval(sheet, x, y, width, around, across):
    """An oval seal, as on the head of a bill."""
    s, height = sheet.scale, width * 0.66
    mask = Image.new("L", sheet.pixels((width + 12, height + 12)), 0)
    draw = ImageDraw.Draw(mask)
    draw.ellipse((4 * s, 4 * s, (width + 4) * s, (height + 4) * s), outline=255, width=max(2, round(5 * s)))
    arc(mask, sheet, (width / 2 + 6) * s, width / 2, height / 2, around)
    draw.text(((width / 2 + 6) * s, (height / 2 + 8) * s), across, font=sheet.font("serif-bold", width * 0.09), fill=255, anchor="mm")
    sheet.stamp(x, y, mask, (206, 52, 44), between(sheet.chance, -4, 4))


def arc(mask, sheet, middle, wide, high, letters):
    """Writes letters along the upper part of an ellipse, each turned to its place."""
    s, size = sheet.scale, min(wide, high) * (0.27 if len(letters) < 14 else 0.22)
    side = max(4, round(size * s * 1.5))
    for index, letter in enumerate(letters):
        angle = np.radians(-118 + 236 * index / max(1, len(letters) - 1))
        tile = Image.new("L", (side, side), 0)
        ImageDraw.Draw(tile).text((side / 2, side / 2), letter, font=sheet.font("serif-bold", size), fill=255, anchor="mm")
        tilt = np.degrees(np.arctan2(np.sin(angle) * high, np.cos(angle) * wide))
        tile = tile.rotate(-tilt, Image.Resampling.BICUBIC)
        across, up = (wide - size * 0.85) * s * np.sin(angle), (high - size * 0.85) * s * np.cos(angle)
        mask.paste(255, (round(middle + across - side / 2), round(mask.size[1] / 2 - up - side / 2)), tile)


def box_stamp(sheet, x, y, lines, size=40):
    """A square stamp of a few lines, such as 现金收讫."""
    width, height = size * (max(map(len, lines)) + 1), size * (len(lines) * 1.35 + 0.5)
    mask = Image.new("L", sheet.pixels((width, height)), 0)
    draw = ImageDraw.Draw(mask)
    draw.rectangle((0, 0, mask.size[0] - 1, mask.size[1] - 1), outline=255, width=max(2, round(size * 0.1 * sheet.scale)))
    for row, words in enumerate(lines):
        at = sheet.pixels((width / 2, size * (0.9 + row * 1.35)))
        draw.text(at, words, font=sheet.font("serif-bold", size), fill=255, anchor="mm")
    sheet.stamp(x, y, mask, pick(sheet.chance, [(204, 34, 40), (44, 56, 140)]), between(sheet.chance, -12, 12))
