"""Where a page lies in a photograph: a pinhole camera over a table, and the page's own bends. Takes points of the page to the photograph and back."""

import cv2
import numpy as np

from .chance import between
from .relief import CELL as RELIEF_CELL

CELL = 16  # pixels between two points of the map that is worked out exactly
FOCAL = 0.8  # of the photograph's long side, as a phone's main lens


class View:
    """`matrix` takes units of a flat page to pixels; `lean` says how far a height shifts a point, in units a unit."""

    def __init__(self, size, page, matrix, relief=None, lean=(0.0, 0.0)):
        self.size, self.page, self.matrix, self.relief, self.lean = size, page, matrix, relief, lean
        self.inverse = np.linalg.inv(matrix)

    def shift(self, points):
        """How far the page's bends shift these points, in units."""
        if self.relief is None:
            return np.zeros_like(points)
        at = np.float32(points / RELIEF_CELL)
        height = cv2.remap(self.relief.heights, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return height[..., None] * np.float32(self.lean)

    def place(self, points):
        """Points of the page (units) in the photograph (pixels)."""
        points = np.float64(points).reshape(1, -1, 2)
        flat = points.copy()
        for _ in range(6):
            flat = points - self.shift(flat)
        return cv2.perspectiveTransform(flat, self.matrix)[0]

    def quad(self, box):
        left, top, right, bottom = box
        return self.place([(left, top), (right, top), (right, bottom), (left, bottom)])

    def page_quad(self):
        return self.quad((0, 0, *self.page))

    def bounds(self):
        """The pixels that the page may touch: left, top, right, bottom."""
        width, height = self.page
        ring = [(x * width, y * height) for t in np.linspace(0, 1, 9) for x, y in ((t, 0), (t, 1), (0, t), (1, t))]
        placed = self.place(ring)
        low, high = np.floor(placed.min(0)) - 4, np.ceil(placed.max(0)) + 4
        return (*np.clip(low, 0, self.size).astype(int), *np.clip(high, 0, self.size).astype(int))

    def unit(self):
        """Pixels to a unit, as the page's area has them."""
        return float(np.sqrt(cv2.contourArea(np.float32(self.page_quad())) / (self.page[0] * self.page[1])))

    def sources(self, bounds, scale):
        """For each pixel within the bounds the place in a page of `scale` pixels a unit, as two maps."""
        left, top, right, bottom = bounds
        x, y = (np.arange(low - CELL, high + 2 * CELL, CELL, dtype=np.float64) for low, high in ((left, right), (top, bottom)))
        grid = np.stack(np.meshgrid(x, y), -1)
        flat = cv2.perspectiveTransform(grid.reshape(1, -1, 2), self.inverse).reshape(grid.shape)
        source = np.float32((flat + self.shift(flat)) * scale - 0.5)
        # cell i stands CELL * i + (CELL - 1) / 2 in the enlarged map, and at pixel CELL * (i - 1) of the bounds
        whole = [cv2.resize(source[..., axis], None, fx=CELL, fy=CELL, interpolation=cv2.INTER_LINEAR) for axis in (0, 1)]
        start = CELL + CELL // 2
        return [part[start : start + bottom - top, start : start + right - left] for part in whole]


def flat(size, page):
    """The page fills the photograph."""
    return View(size, page, np.diag([size[0] / page[0], size[1] / page[1], 1.0]))


def aim(chance, level, page, size, relief, turn, unit=None, cut=None):
    """Holds the camera as the level says. `unit` asks for so many pixels a unit; `cut` for a share of the page beyond an edge (a gap if negative)."""
    tilt, round_about = np.radians(between(chance, *level.tilt)), between(chance, 0, 2 * np.pi)
    roll = np.radians(between(chance, *level.roll)) * (1 if chance.random() < 0.5 else -1) + np.radians(turn)
    fill, offset, side = between(chance, *level.fill), chance.uniform(-0.5, 0.5, 2), int(chance.integers(4))
    yaw, pitch = tilt * np.cos(round_about), tilt * np.sin(round_about)
    matrix = pinhole(page, size, roll, yaw, pitch, fill)
    matrix = fitted(matrix, page, size, fill if cut is None else min(fill, 0.86), unit)
    matrix = shifted(matrix, page, size, offset, side, cut)
    return View(size, page, matrix, relief, lean(roll, yaw, pitch, chance)), {"tilt": tilt, "roll": roll}


def pinhole(page, size, roll, yaw, pitch, fill):
    """The homography of a page that lies turned before the lens, far enough to take its share of the picture."""
    distance = FOCAL * max(page) / fill
    (cr, sr), (cy, sy), (cp, sp) = ((np.cos(angle), np.sin(angle)) for angle in (roll, yaw, pitch))
    turn = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    tip = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]]) @ np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    pose = tip @ turn
    middle = np.array([[1, 0, -page[0] / 2], [0, 1, -page[1] / 2], [0, 0, 1]])
    plane = np.column_stack([pose[:, 0], pose[:, 1], [0, 0, distance]])
    return np.diag([1, 1, 1 / (FOCAL * max(size))]) @ plane @ middle


def corners(matrix, page):
    width, height = page
    return cv2.perspectiveTransform(np.float64([[(0, 0), (width, 0), (width, height), (0, height)]]), matrix)[0]


def fitted(matrix, page, size, fill, unit):
    placed = corners(matrix, page)
    if unit is None:
        scale = fill * min(np.array(size) / np.ptp(placed, axis=0))
    else:
        scale = unit / np.sqrt(cv2.contourArea(np.float32(placed)) / (page[0] * page[1]))
    return np.diag([scale, scale, 1]) @ matrix


def shifted(matrix, page, size, offset, side, cut):
    """Lays the page somewhere within the picture, or over one of its edges."""
    placed = corners(matrix, page)
    low, span, room = placed.min(0), np.ptp(placed, axis=0), np.array(size)
    start = (room - span) / 2 + offset * np.maximum(0, room - span) * 0.8
    if cut is not None:
        axis = side % 2
        start[axis] = -cut * span[axis] if side < 2 else room[axis] - (1 - cut) * span[axis]
    move = np.eye(3)
    move[:2, 2] = start - low
    return move @ matrix


def lean(roll, yaw, pitch, chance):
    """Which way heights shift on the page: away from the lens, and a little by chance."""
    across, down = np.tan(yaw) + between(chance, -0.12, 0.12), np.tan(pitch) + between(chance, -0.12, 0.12)
    return across * np.cos(roll) + down * np.sin(roll), down * np.cos(roll) - across * np.sin(roll)
