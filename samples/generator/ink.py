"""Ink on paper: how it darkens what is under it, and what each kind of printer makes of clean letters."""

import cv2
import numpy as np

from .chance import between


def darken(region, mask, color):
    """Lays transparent ink on a region of paper, in place."""
    steps = np.arange(256, dtype=float)[:, None] / 255
    table = np.uint8(255 - steps * (255 - np.array(color, dtype=float))).reshape(256, 1, 3)
    for top in range(0, len(mask), 128):
        part, under = mask[top : top + 128], region[top : top + 128]
        if part.any():
            under[:] = cv2.multiply(under, cv2.LUT(cv2.merge([part] * 3), table), scale=1 / 255)


def lay(page, tile):
    """Adds a square of paper's grain everywhere, in place."""
    side = len(tile)
    for top in range(0, page.shape[0], side):
        for left in range(0, page.shape[1], side):
            part = page[top : top + side, left : left + side]
            part[:] = cv2.add(part, np.ascontiguousarray(tile[: part.shape[0], : part.shape[1]]), dtype=cv2.CV_8U)


def press(page, x, y, mask, color):
    """Lays a stamp's ink on the page around a point, where it is inside."""
    height, width = mask.shape
    left, top = x - width // 2, y - height // 2
    x1, y1, x2, y2 = max(0, left), max(0, top), min(page.shape[1], left + width), min(page.shape[0], top + height)
    if x1 < x2 and y1 < y2:
        darken(page[y1:y2, x1:x2], np.ascontiguousarray(mask[y1 - top : y2 - top, x1 - left : x2 - left]), color)


def worn_ink(ink, printer, scale, chance):
    """What the printer makes of clean letters: a laser's are near to perfect, a needle printer's have gaps, heat paper's fade."""
    if printer == "laser":
        return cv2.convertScaleAbs(ink, alpha=between(chance, 0.88, 1.0))
    if printer == "needle":
        rows = np.arange(ink.shape[0]) / scale
        strength = (0.80 + 0.20 * np.sin(rows * 2 * np.pi / 3.4)) if scale > 0.6 else np.full(len(rows), 0.85)
        strength *= between(chance, 0.62, 0.9) * (1 + 0.12 * np.sin(rows / 37 + between(chance, 0, 6)))
        return cv2.multiply(ink, np.repeat(np.uint8(strength.clip(0, 1) * 255)[:, None], ink.shape[1], 1), scale=1 / 255)
    fade = cv2.resize(chance.uniform(0.25, 1.0, (7, 5)).astype(np.float32), ink.shape[::-1], interpolation=cv2.INTER_CUBIC)
    streaks = np.repeat(chance.uniform(0.7, 1.0, ink.shape[1] // 9 + 1), 9)[: ink.shape[1]].astype(np.float32)
    fade *= streaks[None] * np.float32(between(chance, 0.75, 1.0))
    return cv2.multiply(ink, fade.clip(0.18, 1), dtype=cv2.CV_8U)
