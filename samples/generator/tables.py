"""What lies under the paper: wood, cloth, a bed sheet, a desk, a tiled floor."""

import cv2
import numpy as np

from .chance import between, happens, pick


def table(chance, size):
    """A name and a picture of this size. Drawn at half size, since the lens has the paper in focus."""
    name = pick(chance, list(TABLES))
    width, height = (side // 2 for side in size)
    return name, np.ascontiguousarray(cv2.convertScaleAbs(TABLES[name](chance, width, height)))


def rough(chance, width, height, wide, high):
    """Soft noise whose spots are `wide` by `high` pixels."""
    spots = chance.standard_normal((height // high + 2, width // wide + 2), dtype=np.float32)
    return cv2.resize(spots, (width, height), interpolation=cv2.INTER_CUBIC if min(wide, high) > 1 else cv2.INTER_LINEAR)


def tinted(shade, color):
    """A picture of one colour, lighter and darker by `shade` (1 is the colour itself)."""
    shade = np.float32(shade)
    return cv2.merge([shade * part for part in map(float, color)])


def wood(chance, width, height):
    """Boards, along the picture or across it."""
    return boards(chance, width, height) if happens(chance, 0.6) else boards(chance, height, width).transpose(1, 0, 2)


def boards(chance, width, height):
    board, long = max(60, width // int(chance.integers(2, 7))), max(8, height // 3)
    grain = (
        0.05 * rough(chance, width, height, 3, long)
        + 0.035 * rough(chance, width, height, 1, long // 2)
        + 0.05 * rough(chance, width, height, 22, long)
    )
    tone = np.repeat(chance.uniform(0.9, 1.08, width // board + 1), board)[:width]
    seam = np.abs(np.arange(width) % board - board / 2) > board / 2 - max(1, width // 700)
    shade = (1 + grain) * (tone * np.where(seam, 0.62, 1.0))[None, :]
    return tinted(shade, pick(chance, [(150, 106, 68), (178, 138, 96), (112, 76, 50), (196, 164, 124), (92, 64, 46)]))


def cloth(chance, width, height):
    y, x = np.ogrid[:height, :width]
    thread = 2.6 * width / 1200
    weave = 0.06 * np.sin(x / thread * 2) * np.sin(y / thread * 2)
    check = max(20, width // int(chance.integers(5, 16)))
    stripe = pick(chance, [((x // check) % 2) * 0.08 + ((y // check) % 2) * 0.08, ((x // check) % 2) * 0.1 + 0 * y, 0.0 * x * y])
    shade = 0.95 + weave + stripe + 0.02 * rough(chance, width, height, 2, 2) + wrinkles(chance, width, height, 0.05)
    return tinted(shade, pick(chance, [(92, 108, 128), (150, 128, 112), (124, 136, 116), (168, 156, 140), (70, 74, 92), (156, 88, 84)]))


def bed_sheet(chance, width, height):
    shade = 1 + wrinkles(chance, width, height, 0.06) + 0.012 * rough(chance, width, height, 2, 2)
    picture = tinted(shade, pick(chance, [(206, 206, 202), (188, 200, 212), (212, 196, 196), (190, 206, 192)]))
    if happens(chance, 0.5):
        for _ in range(40):
            flower(picture, chance, width, height)
    return picture


def flower(picture, chance, width, height):
    color = pick(chance, [(190, 120, 130), (120, 140, 180), (130, 160, 130)])
    x, y, size = between(chance, 0, width), between(chance, 0, height), width / 45
    for petal in range(5):
        angle = petal * 2 * np.pi / 5 + x
        at = int(x + size * np.cos(angle)), int(y + size * np.sin(angle))
        cv2.ellipse(picture, at, (max(1, int(size * 0.8)), max(1, int(size * 0.5))), np.degrees(angle), 0, 360, color, -1, cv2.LINE_AA)


def wrinkles(chance, width, height, depth):
    """Cloth that does not lie flat: the slopes of soft ridges, as light from a side shows them."""
    whole, width, height = (width, height), width // 4, height // 4
    high = np.zeros((height, width), np.float32)
    for part, strength in ((3, 1.0), (7, 0.35)):
        cells = max(4, width // part), max(4, height // part)
        high += strength * np.abs(rough(chance, width, height, *cells)) * cells[0]
    down, right = np.gradient(cv2.GaussianBlur(high, (0, 0), width / 40))
    angle = between(chance, 0, 2 * np.pi)
    return cv2.resize(np.float32(depth * np.tanh(0.7 * (right * np.cos(angle) + down * np.sin(angle)))), whole)


def desk(chance, width, height):
    speckle = 0.02 * rough(chance, width, height, 1, 1) + 0.02 * rough(chance, width, height, 40, 40)
    return tinted(1 + speckle, pick(chance, [(214, 212, 206), (58, 60, 64), (186, 178, 166), (120, 132, 140), (224, 220, 212)]))


def tiles(chance, width, height):
    side, gap = max(50, width // int(chance.integers(2, 5))), max(2, width // 250)
    y, x = np.ogrid[:height, :width]
    shift = int(between(chance, 0, side))
    joint = ((x + shift) % side < gap) | ((y + shift) % side < gap)
    veins = rough(chance, width, height, 60, 60) + 0.5 * rough(chance, width, height, 14, 14)
    shade = np.where(joint, 0.68, 1 - 0.05 * np.exp(-((veins / 0.12) ** 2)) + 0.01 * veins)
    return tinted(shade, pick(chance, [(208, 200, 188), (170, 166, 160), (220, 216, 208), (150, 120, 100)]))


TABLES = {"wood": wood, "cloth": cloth, "bed_sheet": bed_sheet, "desk": desk, "tiles": tiles}
