"""Pictures that show no document: a table, leaves, a drawn face, a chat on a screen, blank paper."""

import cv2
import numpy as np
from PIL import Image, ImageDraw

from . import people, tables
from .chance import between, happens, pick
from .fonts import font

LAYOUTS = ["table", "leaves", "face", "chat", "blank"]
CHAT = [
    "收到了吗",
    "单子明天去医院补打",
    "好的，谢谢",
    "在排队，人很多",
    "互助保障的材料怎么交？",
    "拍照上传就行",
    "晚上一起吃饭吗",
    "身份证也要拍",
    "今天加班",
    "嗯嗯",
    "孩子放学我去接",
    "我先问问工会",
]


def scene(layout, chance, size):
    """A picture of this size. `blank` is not here: it is a page like any other, without words."""
    return {"table": table, "leaves": leaves, "face": face, "chat": chat}[layout](chance, size)


def full(small, size):
    return cv2.resize(small, size)


def table(chance, size):
    """A table with a cup and a pen on it."""
    picture = full(tables.table(chance, size)[1], size)
    side = min(size)
    for _ in range(int(chance.integers(0, 3))):
        x, y, radius = int(between(chance, 0.2, 0.8) * size[0]), int(between(chance, 0.2, 0.8) * size[1]), int(side * between(chance, 0.08, 0.16))
        color = pick(chance, [(230, 228, 222), (60, 84, 120), (150, 60, 50)])
        cv2.circle(picture, (x + radius // 6, y + radius // 5), radius, (40, 36, 32), -1, cv2.LINE_AA)
        cv2.circle(picture, (x, y), radius, color, -1, cv2.LINE_AA)
        cv2.circle(picture, (x, y), int(radius * 0.86), tuple(int(part * 0.45) for part in color), -1, cv2.LINE_AA)
        cv2.circle(picture, (x, y + radius // 12), int(radius * 0.78), (92, 58, 30), -1, cv2.LINE_AA)
    if happens(chance, 0.6):
        x, y, turn = between(chance, 0.2, 0.6) * size[0], between(chance, 0.2, 0.8) * size[1], between(chance, -1.5, 1.5)
        end = int(x + np.cos(turn) * side * 0.4), int(y + np.sin(turn) * side * 0.4)
        cv2.line(picture, (int(x), int(y)), end, (24, 26, 40), max(3, side // 60), cv2.LINE_AA)
        cv2.line(picture, (int(x), int(y)), end, (70, 74, 110), max(1, side // 240), cv2.LINE_AA)
    return picture


def leaves(chance, size):
    """A plant: many leaves, the lower ones darker."""
    small = np.full((size[1] // 2, size[0] // 2, 3), (26, 40, 22), np.uint8)
    side = min(small.shape[:2])
    for index in range(420):
        bright = 0.35 + 0.65 * index / 420
        color = tuple(
            int(part * bright * between(chance, 0.8, 1.15)) for part in pick(chance, [(96, 150, 62), (70, 128, 54), (130, 168, 80), (84, 138, 92)])
        )
        at = int(between(chance, 0, small.shape[1])), int(between(chance, 0, small.shape[0]))
        long, turn = side * between(chance, 0.05, 0.13), between(chance, 0, 180)
        cv2.ellipse(small, at, (int(long), int(long * 0.34)), turn, 0, 360, color, -1, cv2.LINE_AA)
        tip = int(at[0] + long * np.cos(np.radians(turn))), int(at[1] + long * np.sin(np.radians(turn)))
        cv2.line(small, at, tip, tuple(int(part * 0.75) for part in color), max(1, side // 300), cv2.LINE_AA)
    return full(cv2.GaussianBlur(small, (0, 0), side / 500), size)


def face(chance, size):
    """A drawn face before a wall: nobody's."""
    wall = tables.tinted(
        1 + 0.05 * tables.rough(chance, size[0] // 2, size[1] // 2, 300, 300), pick(chance, [(196, 190, 176), (150, 170, 184), (206, 196, 196)])
    )
    picture = np.uint8(wall.clip(0, 255))
    height, width = picture.shape[:2]
    x, y, r = int(width * between(chance, 0.4, 0.6)), int(height * between(chance, 0.38, 0.5)), int(min(width, height) * between(chance, 0.2, 0.3))
    skin, hair = pick(chance, [(226, 188, 160), (204, 164, 136), (236, 204, 180)]), pick(chance, [(30, 26, 24), (60, 44, 36), (110, 108, 106)])
    shirt = pick(chance, [(60, 80, 130), (150, 60, 60), (220, 220, 224)])
    cv2.ellipse(picture, (x, y + int(r * 2.5)), (int(r * 1.9), int(r * 1.4)), 0, 0, 360, shirt, -1, cv2.LINE_AA)
    cv2.rectangle(picture, (x - r // 3, y + r), (x + r // 3, y + int(r * 1.5)), tuple(int(part * 0.9) for part in skin), -1)
    cv2.ellipse(picture, (x, y - int(r * 0.2)), (int(r * 0.98), int(r * 1.18)), 0, 0, 360, hair, -1, cv2.LINE_AA)
    cv2.ellipse(picture, (x, y + int(r * 0.12)), (int(r * 0.84), int(r * 1.08)), 0, 0, 360, skin, -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.ellipse(picture, (x + side * r // 3, y), (r // 7, r // 12), 0, 0, 360, (250, 250, 250), -1, cv2.LINE_AA)
        cv2.circle(picture, (x + side * r // 3, y), r // 14, (30, 24, 22), -1, cv2.LINE_AA)
        cv2.ellipse(picture, (x + side * r // 3, y - r // 6), (r // 5, r // 12), 0, 200, 340, hair, max(2, r // 30), cv2.LINE_AA)
    cv2.line(picture, (x, y + r // 10), (x - r // 14, y + r // 3), tuple(int(part * 0.8) for part in skin), max(2, r // 30), cv2.LINE_AA)
    cv2.ellipse(picture, (x, y + r // 2), (r // 4, r // 10), 0, 10, 170, (170, 80, 80), max(2, r // 20), cv2.LINE_AA)
    return full(picture, size)


def chat(chance, size):
    """A chat on a phone's screen."""
    unit = size[0] / 100
    picture = Image.new("RGB", size, (237, 237, 237))
    draw = ImageDraw.Draw(picture)
    draw.text(
        (size[0] / 2, unit * 7),
        people.full_name(chance, pick(chance, "男女")),
        font=font("sans", round(unit * 4.6, 1)),
        fill=(20, 20, 20),
        anchor="mm",
    )
    draw.line((0, unit * 12, size[0], unit * 12), fill=(214, 214, 214), width=max(1, int(unit / 4)))
    y = unit * 18
    while y < size[1] - unit * 26:
        bubble(draw, chance, unit, y, size[0])
        y += unit * between(chance, 15, 20)
    draw.rectangle((0, size[1] - unit * 14, size[0], size[1]), fill=(247, 247, 247))
    draw.rounded_rectangle((unit * 12, size[1] - unit * 12, unit * 74, size[1] - unit * 3), unit, fill=(255, 255, 255))
    return np.array(picture)


def bubble(draw, chance, unit, y, width):
    words, letters, is_mine = pick(chance, CHAT), font("sans", round(unit * 4.2, 1)), happens(chance, 0.5)
    long = draw.textlength(words, font=letters) + unit * 6
    left = width - unit * 16 - long if is_mine else unit * 16
    avatar = (width - unit * 13, y, width - unit * 3, y + unit * 10) if is_mine else (unit * 3, y, unit * 13, y + unit * 10)
    draw.rounded_rectangle(avatar, unit, fill=tuple(int(part) for part in chance.integers(90, 220, 3)))
    draw.rounded_rectangle((left, y, left + long, y + unit * 10), unit, fill=(149, 236, 105) if is_mine else (255, 255, 255))
    draw.text((left + unit * 3, y + unit * 5), words, font=letters, fill=(18, 18, 18), anchor="lm")
