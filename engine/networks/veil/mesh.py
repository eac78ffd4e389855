"""The face mesh as the engine has it: triangles, outline and canonical UV, read from the engine's own tables."""

import re
from functools import cache
from pathlib import Path

import numpy as np

FRAME = Path(__file__).resolve().parents[2] / "frame" / "src"
POINTS = 468

# Points by which things are placed on a face ("right" is the subject's own right: left in the picture).
EYE_RIGHT_OUTER, EYE_RIGHT_INNER, EYE_LEFT_INNER, EYE_LEFT_OUTER = 33, 133, 362, 263
NOSE_ROOT, NOSE_BRIDGE, NOSE_TIP, NOSE_BASE = 168, 6, 1, 2
FOREHEAD, CHIN = 10, 152
MOUTH_RIGHT, MOUTH_LEFT = 61, 291
LIP_TOP, LIP_BOTTOM = 0, 17
CHEEK_RIGHT, CHEEK_LEFT = 234, 454


def _table(name: str) -> np.ndarray:
    """A constant table of numbers of `topology.rs` by its name, flat."""
    text = (FRAME / "topology.rs").read_text()
    found = re.search(rf"pub (?:const|static) {name}: \[.*?\] =\s*(\[.*?\]);", text, re.S)
    if not found:
        raise SystemExit(f"engine/frame/src/topology.rs has no table {name}")
    return np.array([int(n) for n in re.findall(r"\d+", found.group(1))])


@cache
def triangles() -> np.ndarray:
    """All triangles, the closed holes of eyes and mouth with them: n x 3."""
    return _table("TRIANGLES").reshape(-1, 3)


@cache
def oval() -> np.ndarray:
    """The face's outline, closed."""
    return _table("OVAL")


@cache
def lips_inner() -> np.ndarray:
    """The lips' inner edge, closed."""
    return _table("LIPS_INNER")


@cache
def canonical_uv() -> np.ndarray:
    """Canonical UV of the 468 points, 0..1, v downwards: 468 x 2."""
    text = (FRAME / "canonical_uv.rs").read_text()
    body = text[text.index("CANONICAL_UV") :]
    body = body[body.index("= [") :]
    numbers = [float(n) for n in re.findall(r"\d+\.\d+", body)]
    return np.array(numbers[: POINTS * 2], np.float32).reshape(POINTS, 2)
