"""The light on a scene, as a small map that is enlarged: a slope, darker corners, the shadow of a hand or a phone, a reflection."""

import cv2
import numpy as np

from .chance import between, happens, pick

CELL = 16  # pixels of the photograph to one of the map


def small(size):
    return tuple(side // CELL + 2 for side in size)


def falling(chance, size, slope):
    """Light from a side, with darker corners."""
    width, height = small(size)
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, width, dtype=np.float32), np.linspace(-0.5, 0.5, height, dtype=np.float32))
    angle = between(chance, 0, 2 * np.pi)
    return (1 + slope * (x * np.cos(angle) + y * np.sin(angle))) * (1 - between(chance, 0.1, 0.35) * (x**2 + y**2))


def shadow(chance, size, depth):
    """What holds the phone: a slab with an arm, or fingers, from an edge. Returns its name and its map."""
    width, height = small(size)
    mask = np.zeros((height, width), np.float32)
    side, name = max(width, height), pick(chance, ["phone", "hand", "head"])
    x, y, lean = between(chance, 0.1, 0.9) * width, height * between(chance, 0.7, 1.05), between(chance, -0.5, 0.5)
    {"phone": phone_shadow, "hand": hand_shadow, "head": head_shadow}[name](mask, x, y, side, lean)
    if happens(chance, 0.3):
        mask = np.ascontiguousarray(mask[:, ::-1])
    soft = cv2.GaussianBlur(mask, (0, 0), side * between(chance, 0.012, 0.05))
    return name, 1 - depth * soft


def phone_shadow(mask, x, y, side, lean):
    corners = cv2.boxPoints(((x, y - side * 0.1), (side * 0.22, side * 0.45), np.degrees(lean) * 0.5))
    cv2.fillPoly(mask, [np.int32(corners)], 1.0)
    cv2.line(mask, (int(x), int(y)), (int(x + side * lean), int(y + side)), 1.0, max(1, int(side * 0.16)))


def hand_shadow(mask, x, y, side, lean):
    for finger in range(4):
        start = x + (finger - 1.5) * side * 0.055, y
        end = start[0] + side * (lean * 0.3 + (finger - 1.5) * 0.02), y - side * (0.27 + 0.05 * (finger in (1, 2)))
        cv2.line(mask, tuple(map(int, start)), tuple(map(int, end)), 1.0, max(1, int(side * 0.045)))
    cv2.ellipse(mask, (int(x), int(y + side * 0.05)), (int(side * 0.13), int(side * 0.16)), 0, 0, 360, 1.0, -1)
    cv2.line(mask, (int(x), int(y)), (int(x + side * lean * 0.4), int(y + side)), 1.0, max(1, int(side * 0.15)))


def head_shadow(mask, x, y, side, lean):
    cv2.ellipse(mask, (int(x), int(y - side * 0.1)), (int(side * 0.16), int(side * 0.2)), np.degrees(lean), 0, 360, 1.0, -1)
    cv2.ellipse(mask, (int(x), int(y + side * 0.35)), (int(side * 0.4), int(side * 0.25)), 0, 0, 360, 1.0, -1)


def reflection(size, middle, radii, turn, softness):
    """A spot that washes the paper out: 1 in its core, less at its soft edge."""
    width, height = small(size)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32) * CELL - middle[0], np.arange(height, dtype=np.float32) * CELL - middle[1])
    across, down = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    away = np.sqrt((across / radii[0]) ** 2 + (down / radii[1]) ** 2)
    return 1 / (1 + np.exp((away - 1) / softness))


def bands(height, rows=256):
    """A picture's rows in bands that fit the processor's cache. A multiple of CELL, so that bands and maps meet."""
    return [(top, min(height, top + rows)) for top in range(0, height, rows)]


def enlarge(light, width, top, bottom):
    """The rows of a map for a band of the photograph, for each colour of each pixel: (rows, 3 * width)."""
    part = np.float32(light[top // CELL : bottom // CELL + 2])
    whole = cv2.resize(part, None, fx=3 * CELL, fy=CELL, interpolation=cv2.INTER_LINEAR)
    return whole[CELL // 2 : CELL // 2 + bottom - top, 3 * CELL // 2 : 3 * CELL // 2 + 3 * width]


def multiply(photo, light):
    """Lights a photograph in place."""
    height, width = photo.shape[:2]
    for top, bottom in bands(height):
        band = photo[top:bottom].reshape(bottom - top, 3 * width)
        cv2.multiply(band, enlarge(light, width, top, bottom), dst=band, dtype=cv2.CV_8U)


def add(photo, light):
    """Adds light (0 to 255) to a photograph in place."""
    height, width = photo.shape[:2]
    for top, bottom in bands(height):
        part = light[top // CELL : bottom // CELL + 2]
        if part.max() >= 1:
            band = photo[top:bottom].reshape(bottom - top, 3 * width)
            cv2.add(band, enlarge(part, width, 0, bottom - top), dst=band, dtype=cv2.CV_8U)
