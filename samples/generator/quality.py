"""What makes a photograph good enough to read, and on which side of each threshold a picture lies. All is measured, nothing is asked for."""

import cv2
import numpy as np

#: Sigma of the blur in shares of a letter's height; above it strokes run together.
BLUR_EM = 0.13
#: Mean brightness of the page, 0 to 255.
LUMA = 55
#: Share of the page that a reflection washes out.
GLARE = 0.05
#: Share of the page that lies outside the picture.
CUT = 0.002
#: Height of the fields' letters in pixels of a photograph of 4,000: half of it on the copy that people and machines read, where Chinese
#: characters of less than eight pixels can't be told apart.
TEXT_PX = 16
#: A value within this share of its threshold is called near.
NEAR = 0.25


def cut_share(view):
    """Share of the page that is not in the picture."""
    width, height = view.size
    page = np.float32(view.page_quad())
    frame = np.float32([(0, 0), (width, 0), (width, height), (0, height)])
    inside, _ = cv2.intersectConvexConvex(page, frame)
    return max(0.0, 1 - inside / cv2.contourArea(page))


def margin(view):
    """The least distance of the page's corners to the picture's edge, in shares of the picture's long side; negative outside."""
    quad = view.page_quad()
    return float(np.minimum(quad, np.array(view.size) - quad).min() / max(view.size))


def judge(measures, turn):
    """Label and nearness: the label is the first fault, or good."""
    faults = [
        ("upside_down", turn == 180, False),
        ("cut_edge", measures["cut_share"] > CUT, abs(measures["margin"]) < 0.012),
        ("too_small", measures["text_px"] < TEXT_PX, near(measures["text_px"], TEXT_PX)),
        ("too_dark", measures["page_luma"] < LUMA, near(measures["page_luma"], LUMA)),
        ("glare", measures["glare_share"] > GLARE, near(measures["glare_share"], GLARE)),
        ("blurred", measures["blur_em"] > BLUR_EM, near(measures["blur_em"], BLUR_EM)),
    ]
    labels = [label for label, is_bad, _ in faults if is_bad]
    return {"label": labels[0] if labels else "good", "faults": labels, "near_threshold": [label for label, _, is_near in faults if is_near]}


def near(value, threshold):
    return abs(value - threshold) < NEAR * threshold
