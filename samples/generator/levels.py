"""How badly a picture is taken. Lengths of the lens are in pixels of a photograph whose long side is 3264; `camera` fits them to others."""

from dataclasses import dataclass

LONG_SIDE = 3264


@dataclass(frozen=True)
class Level:
    """Each pair is a range from which a picture draws its own value."""

    tilt: tuple  # degrees between the lens and the page's upright
    roll: tuple  # degrees that the page lies askew, either way
    fill: tuple  # share of the photograph's width or height that the page takes
    folds: tuple  # count
    crumple: tuple  # height of the creases, in units
    curl: tuple  # height of the bent edges, in units
    shade: tuple  # depth of the shadow of a hand or a phone
    slope: tuple  # how unevenly the light falls
    exposure: tuple
    blur: tuple  # sigma of the lens
    motion: tuple  # pixels that the hand moved; below 2 is none
    noise: tuple
    glare: float  # share of pictures with a reflection
    quality: tuple  # of the JPEG


LEVELS = {
    "light": Level(
        (1, 7), (0, 2.5), (0.84, 0.95), (0, 2), (0, 1), (0, 8), (0, 0.12), (0.02, 0.14), (0.84, 1.0), (0.5, 0.9), (0, 1), (1, 2.5), 0, (86, 95)
    ),
    "moderate": Level(
        (4, 13), (1, 7), (0.72, 0.92), (1, 4), (0.5, 4), (4, 22), (0.12, 0.34), (0.1, 0.3), (0.7, 1.0), (0.7, 1.4), (0, 3.5), (2, 4.5), 0.12, (72, 90)
    ),
    "heavy": Level(
        (10, 26), (3, 16), (0.58, 0.88), (2, 6), (4, 11), (12, 40), (0.25, 0.55), (0.2, 0.45), (0.5, 1.0), (1.2, 2.6), (0, 9), (4, 8), 0.35, (38, 75)
    ),
}
