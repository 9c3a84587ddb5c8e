"""How a sheet is bent: folds, creases and a curl, as a map of heights. Heights shift what the camera sees and shade the paper."""

import cv2
import numpy as np

from .chance import between, happens, stream

CELL = 8  # units between two heights


class Relief:
    """Heights above the table in units, one each CELL units, and the folds as (is_row, place, slope, depth)."""

    def __init__(self, size, seed, folds, crumple, curl):
        """A sheet of the same seed has its folds and creases in the same places, however many there are."""
        self.size, chance = size, stream(seed, "creases")
        self.x, self.y = np.meshgrid(*(np.arange(0, side + 2 * CELL, CELL, dtype=np.float32) for side in size))
        self.folds = [fold(size, stream(seed, "fold", index), index) for index in range(folds)]
        self.heights = np.zeros_like(self.x)
        for is_row, place, slope, depth, width in self.folds:
            self.heights += depth * np.exp(-np.abs(self.across(is_row, place, slope)) / width)
        bend, self.light = (between(chance, -1, 1), between(chance, -1, 1)), between(chance, 0, 2 * np.pi)
        for _ in range(int(crumple * 4)):
            self.heights += self.crease(chance, crumple)
        self.heights += curl * ((bend[0] * (self.x / size[0] - 0.5)) ** 2 + (bend[1] * (self.y / size[1] - 0.5)) ** 2) * 4

    def across(self, is_row, place, slope):
        return self.y - place - slope * self.x if is_row else self.x - place - slope * self.y

    def crease(self, chance, height):
        """A short ridge anywhere, in any direction."""
        x, y, angle = between(chance, 0, self.size[0]), between(chance, 0, self.size[1]), between(chance, 0, np.pi)
        along = (self.x - x) * np.cos(angle) + (self.y - y) * np.sin(angle)
        off = (self.y - y) * np.cos(angle) - (self.x - x) * np.sin(angle)
        long, wide = between(chance, 120, 500), between(chance, 25, 110)
        return between(chance, -1, 1) * height * np.exp(-np.abs(off) / wide - (along / long) ** 2)

    def shading(self):
        """Brightness of the paper, 1 where it lies flat."""
        down, right = np.gradient(self.heights, CELL)
        return np.clip(1 + 0.75 * (right * np.cos(self.light) + down * np.sin(self.light)), 0.6, 1.15)

    def shade(self, page):
        """Shades the page's pixels in place, and whitens or darkens the crease of each fold."""
        shading = cv2.resize(np.float32(self.shading()), None, fx=2, fy=2)
        cut = shading[: round(2 * self.size[1] / CELL), : round(2 * self.size[0] / CELL)]
        height, width = page.shape[:2]
        flat = page.reshape(height, 3 * width)
        cv2.multiply(flat, cv2.resize(np.uint8(np.rint(cut * 200)), (3 * width, height)), dst=flat, scale=1 / 200)
        for is_row, place, slope, depth, _ in self.folds:
            crease_line(page, is_row, place, slope, depth, page.shape[1] / self.size[0])


def fold(size, chance, index):
    """The first folds are those for an envelope: across the longer side, at thirds or the half."""
    is_row = (size[1] >= size[0]) == (index < 2 or happens(chance, 0.5))
    side = size[1] if is_row else size[0]
    place = side * (between(chance, 0.3, 0.37) if index == 0 else between(chance, 0.63, 0.7) if index == 1 else between(chance, 0.15, 0.85))
    depth = between(chance, 6, 17) * (1 if happens(chance, 0.5) else -1)
    return is_row, place, between(chance, -0.012, 0.012), depth, between(chance, 90, 260)


def crease_line(page, is_row, place, slope, depth, scale):
    """The thin line where the paper's surface broke."""
    view = page if is_row else page.transpose(1, 0, 2)
    middle = (place + slope * np.arange(view.shape[1]) / scale) * scale
    top, bottom = max(0, int(middle.min() - 8 * scale)), min(view.shape[0], int(middle.max() + 8 * scale) + 1)
    off = (np.arange(top, bottom)[:, None] - middle[None, :]) / scale
    broken = 1 + 0.5 * np.sin(np.arange(view.shape[1]) / scale / 31)[None, :]
    line = np.sign(depth) * 13 * np.exp(-((off / 2.2) ** 2)) * broken - 9 * np.exp(-(((off - 4) / 3.5) ** 2))
    view[top:bottom] = np.uint8((view[top:bottom] + line[..., None]).clip(0, 255))
