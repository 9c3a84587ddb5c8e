"""The typefaces, all from Debian's packages (tests/tools/prepare.sh samples)."""

from functools import lru_cache

from PIL import ImageFont

NOTO = "/usr/share/fonts/opentype/noto/Noto"
TRUETYPE = "/usr/share/fonts/truetype/"
SIMPLIFIED = 2  # index of the simplified Chinese face in Noto's collections
FACES = {
    "sans": (NOTO + "SansCJK-Regular.ttc", SIMPLIFIED),
    "sans-bold": (NOTO + "SansCJK-Bold.ttc", SIMPLIFIED),
    "serif": (NOTO + "SerifCJK-Medium.ttc", SIMPLIFIED),
    "serif-bold": (NOTO + "SerifCJK-Bold.ttc", SIMPLIFIED),
    "zenhei": (TRUETYPE + "wqy/wqy-zenhei.ttc", 0),
    "microhei": (TRUETYPE + "wqy/wqy-microhei.ttc", 0),
    "ming": (TRUETYPE + "arphic/uming.ttc", 0),
    "kai": (TRUETYPE + "arphic/ukai.ttc", 0),
    "wenkai": (TRUETYPE + "lxgw-wenkai/LXGWWenKai-Regular.ttf", 0),
}


@lru_cache(maxsize=48)  # an open face holds megabytes
def font(face, size):
    path, index = FACES[face]
    return ImageFont.truetype(path, size, index=index, layout_engine=ImageFont.Layout.BASIC)
