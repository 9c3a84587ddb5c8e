"""What the lens, the sensor and the phone's software do to a scene."""

import cv2
import numpy as np

from .chance import between


def blur(photo, sigma):
    return cv2.GaussianBlur(photo, (0, 0), sigma) if sigma > 0.3 else photo


def motion(photo, length, angle):
    """The hand moves by `length` pixels: the mean of four or eight shifted copies, made by halving."""
    if length < 2:
        return photo
    for part in (1 / 4, 2 / 4) if length < 6 else (1 / 8, 2 / 8, 4 / 8):
        shift = np.float32([[1, 0, length * part * np.cos(angle)], [0, 1, length * part * np.sin(angle)]])
        moved = cv2.warpAffine(photo, shift, photo.shape[1::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        photo = cv2.addWeighted(photo, 0.5, moved, 0.5, 0)
    return photo


def grain(chance, strength):
    """A square of the sensor's noise, mostly of brightness, a little smeared as phones do."""
    side = 384
    spots = chance.standard_normal((side, side, 1), dtype=np.float32) + 0.35 * chance.standard_normal((side, side, 3), dtype=np.float32)
    return np.int16(np.rint(cv2.GaussianBlur(spots, (0, 0), 0.6) * strength * 1.7))


def tone(chance):
    """A table per colour: the lamp's tint, and the phone's contrast."""
    warm, contrast = between(chance, -0.06, 0.07), between(chance, 0, 0.5)
    level = np.arange(256) / 255
    curve = level + contrast * (level - 0.5) * level * (1 - level)
    tint = np.array([1 + warm, 1 + warm * 0.1, 1 - warm])
    return np.uint8((curve[:, None] * tint[None, :] * 255).clip(0, 255)).reshape(256, 1, 3), warm


def develop(photo, noise, table, sharpness):
    """Noise, tone and sharpness, in bands that overlap by what the sharpening sees."""
    out, reach = np.empty_like(photo), 4
    row = np.ascontiguousarray(np.tile(noise, (1, photo.shape[1] // noise.shape[1] + 1, 1))[:, : photo.shape[1]])
    for top in range(0, len(photo), len(noise) - 2 * reach):
        start, bottom = max(0, top - reach), min(len(photo), top + len(noise) - 2 * reach)
        band = photo[start : min(len(photo), bottom + reach)]
        band = cv2.LUT(cv2.add(band, row[: len(band)], dtype=cv2.CV_8U), table)
        out[top:bottom] = sharpen(band, sharpness)[top - start : bottom - start]
    return out


def sharpen(photo, amount):
    return cv2.addWeighted(photo, 1 + amount, cv2.GaussianBlur(photo, (5, 5), 1.2), -amount, 0) if amount > 0.05 else photo
