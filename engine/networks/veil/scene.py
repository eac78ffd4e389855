"""A picture that is being drawn: a face, what stands before it, and the matte that says so."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from . import mesh
from .pack import Pack

CANVAS = 256
"""Side of the drawing in pixels: twice the network's, so that edges are drawn smoothly."""


def smooth_noise(rng: np.random.Generator, cells: int, side: int = CANVAS) -> np.ndarray:
    """Noise of so many cells across, -1..1, side x side."""
    grid = rng.uniform(-1, 1, (cells + 1, cells + 1)).astype(np.float32)
    return cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)


def fractal(rng: np.random.Generator, cells: int, octaves: int = 3) -> np.ndarray:
    """Noise of several sizes, about -1..1."""
    total = np.zeros((CANVAS, CANVAS), np.float32)
    for k in range(octaves):
        total += smooth_noise(rng, min(cells << k, 128)) * 0.55**k
    return total / 1.6


def fill(points, holes=()) -> np.ndarray:
    """Coverage 0..1 of a polygon with smooth edges; `holes` are polygons taken out again."""
    out = np.zeros((CANVAS, CANVAS), np.uint8)
    to_fixed = lambda p: np.rint(np.asarray(p, np.float32) * 16).astype(np.int32)
    cv2.fillPoly(out, [to_fixed(points)], 255, cv2.LINE_AA, 4)
    for hole in holes:
        cv2.fillPoly(out, [to_fixed(hole)], 0, cv2.LINE_AA, 4)
    return out.astype(np.float32) / 255


def stroke(points, width: float) -> np.ndarray:
    """Coverage 0..1 of a line through the points, `width` pixels wide; below 1 it is fainter."""
    out = np.zeros((CANVAS * 2, CANVAS * 2), np.uint8)
    fixed = np.rint((np.asarray(points, np.float32) * 2 + 0.5) * 16).astype(np.int32)
    cv2.polylines(out, [fixed], False, 255, max(1, round(width * 2)), cv2.LINE_AA, 4)
    half = cv2.resize(out, (CANVAS, CANVAS), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return half * min(1.0, width * 2)


def outline(centre, radii, angle: float = 0.0, power: float = 2.0, n: int = 48) -> np.ndarray:
    """Points of a superellipse, turned by `angle` radians."""
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    x = np.sign(np.cos(t)) * np.abs(np.cos(t)) ** (2 / power) * radii[0]
    y = np.sign(np.sin(t)) * np.abs(np.sin(t)) ** (2 / power) * radii[1]
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([centre[0] + c * x - s * y, centre[1] + s * x + c * y], 1)


def curve(ends, n: int = 24) -> np.ndarray:
    """Points of a Bezier curve by its three or four control points."""
    t = np.linspace(0, 1, n)[:, None]
    ends = [np.asarray(e, np.float32) for e in ends]
    while len(ends) > 1:
        ends = [a * (1 - t) + b * t for a, b in zip(ends, ends[1:])]
    return ends[0]


@dataclass
class Scene:
    """The drawing. Colours are b, g, r, 0..1."""

    rng: np.random.Generator
    pack: Pack
    test: bool
    picture: np.ndarray  # CANVAS x CANVAS x 3
    points: np.ndarray  # 468 x 3, pixels
    tone: np.ndarray  # the face's skin
    hair: np.ndarray  # the face's hair
    matte: np.ndarray = field(default_factory=lambda: np.zeros((CANVAS, CANVAS), np.float32))

    def at(self, point: int) -> np.ndarray:
        """A mesh point in pixels."""
        return self.points[point, :2].copy()

    @property
    def eyes(self) -> float:
        """Distance of the eyes' outer corners, pixels; never so short that things vanish."""
        across = np.linalg.norm(self.at(mesh.EYE_LEFT_OUTER) - self.at(mesh.EYE_RIGHT_OUTER))
        return max(float(across), 50.0)

    @property
    def axes(self) -> tuple[np.ndarray, np.ndarray]:
        """Unit vectors: to the subject's left (right in the picture) and down the face."""
        x = self.at(mesh.EYE_LEFT_OUTER) - self.at(mesh.EYE_RIGHT_OUTER)
        x /= max(np.linalg.norm(x), 1e-3)
        y = self.at(mesh.CHIN) - self.at(mesh.FOREHEAD)
        return x, y / max(np.linalg.norm(y), 1e-3)

    def face_point(self, spread: float = 1.0) -> np.ndarray:
        """A random place on the face."""
        oval = self.points[mesh.oval(), :2]
        middle, reach = oval.mean(0), (oval.max(0) - oval.min(0)) / 2
        return middle + self.rng.uniform(-1, 1, 2) * reach * 0.8 * spread

    def border_point(self) -> np.ndarray:
        """A random place near the outline, where a hand is half before the face and half beside it."""
        oval = self.points[mesh.oval(), :2]
        middle, point = oval.mean(0), oval[self.rng.integers(len(oval))]
        return middle + (point - middle) * self.rng.uniform(0.8, 1.25)

    def chance(self, share: float) -> bool:
        """True in this share of the cases."""
        return bool(self.rng.random() < share)

    def colour(self) -> np.ndarray:
        """Any colour, dark, grey and white ones as often as others."""
        value = self.rng.uniform(0.02, 1.0)
        grey = np.full(3, value, np.float32)
        if self.chance(0.4):
            return grey * self.rng.uniform(0.9, 1.1, 3).astype(np.float32).clip(0, 1)
        return (grey * self.rng.uniform(0.1, 1.0, 3).astype(np.float32)).clip(0, 1)

    def skin_colour(self) -> np.ndarray:
        """The face's own tone within a few percent in two of three cases, else another portrait's."""
        if self.chance(0.65):
            return self.tone * self.rng.uniform(0.92, 1.08, 3).astype(np.float32)
        tones = self.pack.faces.tone
        return tones[self.rng.integers(len(tones))] / 255 * self.rng.uniform(0.8, 1.15)

    def paint(self, colour, alpha: np.ndarray, label: np.ndarray | None = None, shadow: float = 0.0) -> None:
        """Lays a layer over the picture. `label` is how far it stands in front where that is not its coverage; `shadow`
        darkens what lies beside it by that share, as things near a face do."""
        region = self._region(alpha, 0)
        if region is None:
            return
        if shadow > 0:
            self._cast(alpha, shadow)
        a = alpha[region][..., None]
        colour = np.asarray(colour, np.float32)
        if colour.ndim == 3:
            colour = np.broadcast_to(colour, (CANVAS, CANVAS, 3))[region]
        part = self.picture[region]
        part += (colour - part) * a
        front = alpha if label is None else label
        matte = self.matte[region]
        matte += (1 - matte) * front[region]

    @staticmethod
    def _region(alpha: np.ndarray, margin: int):
        """The rows and columns in which a layer lies, with a margin; none where it is empty."""
        x, y, w, h = cv2.boundingRect((alpha > 0.002).astype(np.uint8))
        if w == 0:
            return None
        span = lambda at, size: slice(max(at - margin, 0), min(at + size + margin, CANVAS))
        return span(y, h), span(x, w)

    def _cast(self, alpha: np.ndarray, shadow: float) -> None:
        """Darkens what lies beside a layer."""
        region = self._region(alpha, 36)
        reach = self.rng.uniform(2, 9)
        shift = np.float32([[1, 0, self.rng.uniform(-7, 7)], [0, 1, self.rng.uniform(-2, 9)]])
        part = np.ascontiguousarray(alpha[region])
        cast = cv2.warpAffine(cv2.GaussianBlur(part, (0, 0), reach), shift, part.shape[::-1])
        self.picture[region] *= 1 - shadow * cast[..., None]

    def shaded(self, colour, alpha: np.ndarray, contrast: float = 0.35) -> np.ndarray:
        """A colour as a bulging surface under a lamp: brighter on one side, darker at the other, a little mottled."""
        angle, rng = self.rng.uniform(0, 2 * np.pi), self.rng
        thick = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(4, 14))
        gx, gy = cv2.Sobel(thick, cv2.CV_32F, 1, 0), cv2.Sobel(thick, cv2.CV_32F, 0, 1)
        slope = (np.cos(angle) * gx + np.sin(angle) * gy) * rng.uniform(2, 8)
        light = 1 + contrast * slope.clip(-1, 1) + rng.uniform(0, 0.12) * fractal(rng, rng.integers(2, 24))
        out = np.asarray(colour, np.float32) * light[..., None]
        if self.chance(0.4):
            spot = (slope * rng.uniform(1, 3) - rng.uniform(0.4, 1.2)).clip(0, 1)
            out = out + spot[..., None] * rng.uniform(0.2, 0.9)
        return out.clip(0, 1)

    def cloth(self) -> np.ndarray:
        """A texture over the canvas: plain, striped, checked, speckled, or another portrait's clothes."""
        rng = self.rng
        base, other = self.colour(), self.colour()
        if self.chance(0.3):
            faces = self.pack.faces
            picture = faces.pictures[rng.integers(len(faces.pictures))]
            patch = picture[216:256, 20:236].astype(np.float32) / 255
            return cv2.resize(patch, (CANVAS, CANVAS), interpolation=cv2.INTER_LINEAR)
        y, x = np.mgrid[0:CANVAS, 0:CANVAS].astype(np.float32)
        angle, step = rng.uniform(0, np.pi), rng.uniform(3, 40)
        along = (x * np.cos(angle) + y * np.sin(angle)) / step
        kind = rng.integers(4)
        if kind == 0:
            mix = 0.5 + 0.5 * fractal(rng, int(rng.integers(2, 40)))
        elif kind == 1:
            mix = (np.sin(along * 2 * np.pi) > rng.uniform(-0.6, 0.6)).astype(np.float32)
        elif kind == 2:
            across = (-x * np.sin(angle) + y * np.cos(angle)) / step
            mix = ((np.sin(along * 6.3) > 0) ^ (np.sin(across * 6.3) > 0)).astype(np.float32)
        else:
            mix = (fractal(rng, 100, 1) > rng.uniform(0, 0.6)).astype(np.float32)
        mix = cv2.GaussianBlur(mix, (0, 0), rng.uniform(0.5, 1.5))[..., None] * rng.uniform(0.1, 1)
        return base * (1 - mix) + other * mix
