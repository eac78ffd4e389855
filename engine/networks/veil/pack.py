"""The training pack, read once and kept as arrays: portraits with their meshes and UV, hands, hair and cloth.

Portraits are 256 x 256 with the middle of the top-left pixel at (0, 0). Colours are b, g, r codes as cv2 reads them.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from . import mesh

SIDE = 256
GLASSES_MISSED = (380, 602)
"""Portraits with glasses that the pack's tags miss, found by looking at the eyes of all others."""
SMALL = 8
"""One in so many of what is trained on is enough to see that training learns."""


@dataclass
class Faces:
    """Portraits; all arrays have one entry a portrait."""

    pictures: np.ndarray  # n x 256 x 256 x 3, b g r
    uv_mask: np.ndarray  # n x 256 x 256 x 3: u, v (codes of 255) and the face's outline
    points: np.ndarray  # n x 468 x 3, pixels
    tone: np.ndarray  # n x 3, b g r of the skin
    ita: np.ndarray  # n, degrees: low is dark
    glasses: np.ndarray  # n, tagged as wearing glasses
    test: np.ndarray  # n, kept out


@dataclass
class Hands:
    """Rendered hands with forearms."""

    shade: np.ndarray  # n x 256 x 256, what the tone is multiplied with; 127 is 1
    alpha: np.ndarray  # n x 256 x 256
    highlight: np.ndarray  # n x 256 x 256, added
    is_hand: np.ndarray  # n x 256 x 256, 255 on the hand, 0 on the forearm
    test: np.ndarray  # n


@dataclass
class Pack:
    """All of it."""

    faces: Faces
    hands: Hands


def raster_uv(points: np.ndarray) -> np.ndarray:
    """u, v and mask of a mesh as codes of 255, 256 x 256 x 3: each triangle drawn with its own affine UV."""
    uv = mesh.canonical_uv()
    out = np.zeros((SIDE, SIDE, 3), np.float32)
    # Far triangles first, so that near ones stay: z grows away from the camera.
    order = np.argsort(-points[mesh.triangles(), 2].mean(1))
    for triangle in mesh.triangles()[order]:
        corners = points[triangle, :2].astype(np.float64)
        low = np.floor(corners.min(0)).astype(int).clip(0, SIDE - 1)
        high = np.ceil(corners.max(0)).astype(int).clip(0, SIDE - 1)
        x, y = np.meshgrid(np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1))
        (ax, ay), (bx, by), (cx, cy) = corners
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if abs(area) < 1e-9:
            continue
        b = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area
        c = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area
        a = 1 - b - c
        inside = (a >= -1e-6) & (b >= -1e-6) & (c >= -1e-6)
        at = a[..., None] * uv[triangle[0]] + b[..., None] * uv[triangle[1]] + c[..., None] * uv[triangle[2]]
        region = out[low[1] : high[1] + 1, low[0] : high[0] + 1]
        region[inside, :2] = at[inside]
        region[inside, 2] = 1.0
    return np.rint(out * 255).astype(np.uint8)


def _read_faces(folder: Path, small: bool) -> Faces:
    records = json.loads((folder / "faces.json").read_text())
    points = np.load(folder / "points.npy").astype(np.float32)[:, : mesh.POINTS]
    glasses = np.array([r["glasses"] for r in records]) | np.isin(np.arange(len(records)), GLASSES_MISSED)
    if small:
        kept = [k for k, r in enumerate(records) if r["split"] == "test" or k % SMALL == 1]
        records, points, glasses = [records[k] for k in kept], points[kept], glasses[kept]
    pictures = np.stack([cv2.imread(str(folder.parent / r["file"])) for r in records])
    return Faces(
        pictures=pictures,
        uv_mask=np.stack([raster_uv(p) for p in points]),
        points=points,
        tone=np.array([r["tone"][::-1] for r in records], np.float32),
        ita=np.array([r["ita"] for r in records], np.float32),
        glasses=glasses,
        test=np.array([r["split"] == "test" for r in records]),
    )


def _read_hands(folder: Path, small: bool) -> Hands:
    names = sorted(p for p in folder.glob("*.png") if not p.name.endswith(".s.png"))
    if small:
        names = [p for k, p in enumerate(names) if p.name.startswith("test_") or k % SMALL == 1]
    colour = [cv2.imread(str(p), cv2.IMREAD_UNCHANGED) for p in names]
    second = [cv2.imread(str(p.with_suffix("")) + ".s.png") for p in names]
    return Hands(
        shade=np.stack([c[..., :3].mean(2).astype(np.uint8) for c in colour]),
        alpha=np.stack([c[..., 3] for c in colour]),
        highlight=np.stack([s[..., 0] for s in second]),
        is_hand=np.stack([s[..., 2] for s in second]),
        test=np.array([p.name.startswith("test_") for p in names]),
    )


def prepare(pack: Path, cache: Path, small: bool) -> None:
    """Reads the pack and keeps it as arrays under `cache`; `small`: what is kept out, and an eighth of the rest."""
    cache.mkdir(parents=True, exist_ok=True)
    for name, part in [("faces", _read_faces(pack / "faces", small)), ("hands", _read_hands(pack / "hands", small))]:
        for key, value in vars(part).items():
            np.save(cache / f"{name}.{key}.npy", value)
        print(f"{name}: {len(value)}", flush=True)


def kept_out(pack: Pack) -> Pack:
    """Only what no training sees; colours and textures that things take from portraits come from these too."""
    of = lambda part: type(part)(**{key: value[part.test] for key, value in vars(part).items()})
    return Pack(of(pack.faces), of(pack.hands))


def load(cache: Path) -> Pack:
    """The arrays, mapped so that processes share them."""
    if not (cache / "hands.test.npy").exists():
        raise SystemExit(f"{cache}: no data here yet: run `python -m veil data --cache {cache}` first")
    read = lambda kind, name: np.load(cache / f"{kind}.{name}.npy", mmap_mode="r")
    return Pack(
        Faces(**{n: read("faces", n) for n in Faces.__annotations__}),
        Hands(**{n: read("hands", n) for n in Hands.__annotations__}),
    )
