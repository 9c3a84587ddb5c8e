"""Photographs a page: lays it on a table, lights it, and takes it through the lens. Nothing here knows what the page says."""

import cv2
import numpy as np

from . import lens, light, tables
from .chance import between, happens
from .levels import LONG_SIDE

cv2.setNumThreads(1)
BAND = 256  # rows worked on at a time, so that they stay in the processor's cache


def lay_on_table(page, alpha, view, scale, chance):
    """The page with its own shadow on a table. Returns the table's name, the scene and where the page is."""
    name, small = tables.table(chance, view.size)
    outline = np.zeros(small.shape[:2], np.uint8)
    cv2.fillPoly(outline, [np.int32(view.page_quad() / 2)], 255)
    across, down, soft = (max(view.size) / LONG_SIDE * between(chance, *span) for span in ((2, 14), (2, 14), (6, 22)))
    darken_under(small, outline, across, down, soft, between(chance, 0.3, 0.7))
    scene = cv2.resize(small, view.size)
    return name, scene, put(page, alpha, view, scale, scene)


def darken_under(table, outline, across, down, soft, depth):
    moved = cv2.warpAffine(outline, np.float32([[1 / 4, 0, across / 4], [0, 1 / 4, down / 4]]), tuple(side // 4 for side in outline.shape[::-1]))
    shade = 255 - np.uint8(cv2.GaussianBlur(moved, (0, 0), soft / 4 + 0.5) * depth)
    height, width = outline.shape
    flat = table.reshape(height, 3 * width)
    cv2.multiply(flat, cv2.resize(shade, (3 * width, height)), dst=flat, scale=1 / 255)


def put(page, alpha, view, scale, scene):
    """Draws the page into the scene, in place. Returns the mask of its pixels."""
    where = np.zeros(scene.shape[:2], np.uint8)
    left, high, right, low = view.bounds()
    for top in range(high, low, BAND) if left < right else ():
        bottom = min(low, top + BAND)
        across, down = view.sources((left, top, right, bottom), scale)
        seen = cv2.remap(page, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        inside = cv2.inRange(across, -0.5, page.shape[1] - 0.5) & cv2.inRange(down, -0.5, page.shape[0] - 0.5)
        if alpha is not None:
            inside &= cv2.remap(alpha, across, down, cv2.INTER_NEAREST)
        where[top:bottom, left:right] = inside
        cv2.copyTo(seen, inside, scene[top:bottom, left:right])
    return where


def expose(scene, where, view, level, chance, wanted):
    """Lights the scene in place. Returns what was done. `wanted` may ask for a page brightness (`luma`) or a share of reflection (`glare`)."""
    done = {"slope": between(chance, *level.slope), "shadow": None}
    lit = light.falling(chance, view.size, done["slope"])
    depth = between(chance, *level.shade)
    name, shade = light.shadow(chance, view.size, depth)
    if depth > 0.03:
        lit, done["shadow"] = lit * shade, {"of": name, "depth": depth}
    done["exposure"] = between(chance, *level.exposure)
    if "luma" in wanted:
        done["exposure"] = wanted["luma"] / max(1, page_luma(scene, where) * mean_where(lit, where))
    light.multiply(scene, lit * done["exposure"])
    share = wanted.get("glare", between(chance, 0.01, 0.12) if happens(chance, level.glare) else 0)
    done["glare_share"] = reflect(scene, where, view, share, chance)
    return done


def reflect(scene, where, view, share, chance):
    """Adds a reflection of about this share of the page, in place. Returns the share that its core really takes."""
    stretch, softness, turn = between(chance, 0.5, 1.8), between(chance, 0.08, 0.3), between(chance, 0, np.pi)
    middle = view.place([(between(chance, 0.25, 0.75) * view.page[0], between(chance, 0.25, 0.75) * view.page[1])])[0]
    if share <= 0:
        return 0.0
    radius = np.sqrt(share * max(1, cv2.countNonZero(where)) / np.pi)
    spot = light.reflection(view.size, middle, (radius * stretch, radius / stretch), turn, softness)
    light.add(scene, spot * 235)
    inside = where[:: light.CELL, :: light.CELL] > 0
    core = inside & (spot[: inside.shape[0], : inside.shape[1]] > 0.5)
    return float(core.sum() / max(1, inside.sum()))


def take(scene, level, chance, wanted, text_px):
    """Through the lens to the sensor. Returns the photograph and what was done. `wanted` may ask for a blur in shares of a letter (`blur_em`)."""
    fit = max(scene.shape) / LONG_SIDE
    sigma, moved, angle = between(chance, *level.blur) * fit, between(chance, *level.motion) * fit, between(chance, 0, np.pi)
    if "blur_em" in wanted:
        sigma, moved = wanted["blur_em"] * text_px, 0
        if happens(chance, 0.4):
            sigma, moved = sigma * 0.5, sigma * 3
    photo = lens.motion(lens.blur(scene, sigma), moved, angle)
    strength = between(chance, *level.noise) * (1.8 if wanted.get("luma", 200) < 70 else 1)
    grain, (table, warm) = lens.grain(chance, strength), lens.tone(chance)
    photo = lens.develop(photo, grain, table, between(chance, 0, 0.5))
    return photo, {"blur_px": total_blur(sigma, moved), "motion_px": moved if moved >= 2 else 0.0, "noise": strength, "warmth": warm}


def total_blur(sigma, moved):
    """Sigma of lens and movement together: a line of length L has a deviation of L / sqrt(12)."""
    return float(np.hypot(sigma, moved / np.sqrt(12) if moved >= 2 else 0))


def page_luma(photo, where):
    """Mean brightness of the page's pixels, 0 to 255."""
    step = max(1, max(photo.shape) // 400)
    gray = cv2.cvtColor(np.ascontiguousarray(photo[::step, ::step]), cv2.COLOR_RGB2GRAY)
    inside = where[::step, ::step] > 0
    return float(gray[inside].mean()) if inside.any() else float(gray.mean())


def mean_where(lit, where):
    inside = where[:: light.CELL, :: light.CELL] > 0
    cut = lit[: inside.shape[0], : inside.shape[1]]
    return float(cut[inside].mean()) if inside.any() else float(cut.mean())
