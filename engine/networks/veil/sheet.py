"""Training pictures beside their mattes, to be looked at. They show real people: such sheets are never published."""

from pathlib import Path

import cv2
import numpy as np

from . import pack as packs
from . import sample


def sheet(cache: Path, out: Path, seed: int, kind: str | None) -> None:
    """Draws 6 x 10 pictures; below each its matte, the mask's border in red."""
    pack, rows = packs.load(cache), []
    for row in range(6):
        cells = []
        for k in range(10):
            one = sample.make(pack, (seed, row, k), kind=kind)
            matte = np.repeat(one["matte"][..., None], 3, 2)
            mask = (one["uv_mask"][..., 2] > 127).astype(np.uint8)
            edge = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
            matte[edge] = (0, 0, 200)
            cells.append(np.vstack([one["crop"], matte]))
        rows.append(np.hstack(cells))
    cv2.imwrite(str(out), np.vstack(rows))
