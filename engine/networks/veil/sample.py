"""One training picture from a seed: a portrait turned and lit anew, something before it, and the matte of that."""

from functools import cache

import cv2
import numpy as np

from . import mesh, occluders
from .pack import Pack
from .scene import CANVAS, Scene, fractal, smooth_noise

SIDE = 128
"""Side of the network's input in pixels."""
MARGIN = 1.3
"""Side of the crop as a multiple of the longer side of the oval's box."""

# What stands in front, and in which share of the training pictures.
KINDS = {
    "hand": 0.23,
    "object": 0.14,
    "glasses": 0.19,
    "hair": 0.13,
    "thin": 0.09,
    "worn": 0.06,
    "nothing": 0.09,
    "shadow": 0.02,
    "both": 0.05,
}

# Nets and smoke are rarer than the rest: at the network's size they are hardly to be told from texture.
_OBJECTS = 3 * [occluders.mug, occluders.microphone, occluders.phone, occluders.blob] + [occluders.veil]
_THIN = [occluders.thin, occluders.headset]
_WORN = [occluders.medical_mask, occluders.visor, occluders.cap]
_HAIR = [occluders.strands, occluders.fringe]

# Mesh points by which a portrait is bent: outline, eyes, brows, nose, lips, cheeks.
_BENT = np.array(
    [10, 297, 284, 389, 454, 361, 397, 378, 152, 149, 172, 132, 234, 162, 54, 67]
    + [33, 133, 362, 263, 159, 386, 145, 374, 70, 105, 107, 336, 334, 300]
    + [168, 6, 1, 2, 98, 327, 61, 291, 0, 17, 13, 14, 39, 269, 181, 405, 50, 280, 187, 411, 205, 425, 9, 151]
)
_FIXED = np.float32([[x, y] for x in (-20, 60, 128, 196, 276) for y in (-20, 276)] + [[x, y] for x in (-20, 276) for y in (60, 128, 196)])
_GRID = 24


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Thin-plate distances between two sets of points."""
    square = ((a[:, None] - b[None]) ** 2).sum(2)
    return square * np.log(square + 1e-6)


def bend(source: np.ndarray, target: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Where places `at` come from, by the thin-plate spline that takes `target` to `source`."""
    n = len(target)
    one = np.ones((n, 1))
    left = np.block([[_kernel(target, target) + 30 * np.eye(n), one, target],
                     [one.T, np.zeros((1, 3))], [target.T, np.zeros((2, 3))]])
    weights = np.linalg.solve(left, np.vstack([source, np.zeros((3, 2))]))
    return _kernel(at, target) @ weights[:n] + weights[n] + at @ weights[n + 1 :]


def _posed(rng, points: np.ndarray) -> np.ndarray:
    """A mesh with the head turned, nodded and the mouth opened, in its portrait's pixels."""
    out = points.copy()
    if rng.random() < 0.22:
        _open_mouth(rng, out)
    if rng.random() < 0.6:
        yaw = np.radians(np.clip(rng.normal(0, 13), -28, 28))
        nod = np.radians(np.clip(rng.normal(0, 7), -18, 18))
        middle = out[mesh.oval()].mean(0)
        # Portraits are seen from afar and the spline can't hide what a nose hides: depth counts less.
        out[:, 2] = middle[2] + (out[:, 2] - middle[2]) * 0.75
        c, s = np.cos(yaw), np.sin(yaw)
        turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
        c, s = np.cos(nod), np.sin(nod)
        turn = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ turn
        out = ((out - middle) @ turn.T + middle).astype(np.float32)
    return out


def _open_mouth(rng, points: np.ndarray) -> None:
    """Lets the jaw down: what lies below the lips' line moves with it, the cheeks by a part."""
    line = (points[13, 1] + points[14, 1]) / 2
    size = np.linalg.norm(points[263, :2] - points[33, :2])
    drop = size * rng.uniform(0.06, 0.4)
    lower_lip = np.array([14, 17, 84, 314, 181, 405, 91, 321, 178, 402, 88, 318, 87, 317, 95, 324, 16, 15, 85, 315, 86, 316])
    below = np.clip((points[:, 1] - line) / (size * 0.22), 0, 1)
    corner = np.abs(points[:, 0] - points[13, 0]) / (size * 0.45)
    share = below * np.clip(1.3 - 0.6 * corner, 0.35, 1)
    share[lower_lip] = np.clip(1.15 - corner[lower_lip] ** 2, 0, 1)
    points[:, 1] += drop * share


@cache
def _grid() -> np.ndarray:
    step = CANVAS / _GRID
    return (np.stack(np.meshgrid(np.arange(_GRID), np.arange(_GRID)), 2).reshape(-1, 2) + 0.5) * step - 0.5


def _crop(points: np.ndarray) -> np.ndarray:
    """The network's crop of a mesh: its map from portrait pixels to canvas pixels, 2 x 3."""
    oval = points[mesh.oval(), :2]
    low, high = oval.min(0), oval.max(0)
    scale = CANVAS / (MARGIN * (high - low).max())
    move = CANVAS / 2 - 0.5 - scale * (low + high) / 2
    return np.float64([[scale, 0, move[0]], [0, scale, move[1]]])


def _jitter(rng, shift: float, degrees: float, size: float) -> np.ndarray:
    """A small random map of the canvas onto itself, 2 x 3."""
    angle, scale = np.radians(rng.uniform(-degrees, degrees)), 1 + rng.uniform(-size, size)
    c, s, m = np.cos(angle) * scale, np.sin(angle) * scale, CANVAS / 2 - 0.5
    dx, dy = rng.uniform(-shift, shift, 2)
    return np.float64([[c, -s, m + dx - c * m + s * m], [s, c, m + dy - s * m - c * m]])


def _chain(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The map that does `b` after `a`."""
    full = lambda m: np.vstack([m, [0, 0, 1]])
    return (full(b) @ full(a))[:2]


def _apply(m: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points @ m[:, :2].T + m[:, 2]


def _face(rng, pack: Pack, k: int):
    """A portrait in the canvas: picture, the mesh's u, v and mask as the tracker would have them, points, and whether the
    portrait was bent."""
    source = np.asarray(pack.faces.points[k], np.float64)
    posed = _posed(rng, source).astype(np.float64)
    placed = _chain(_crop(posed), _jitter(rng, 5, 4, 0.06))
    back = cv2.invertAffineTransform(placed)
    grid = _apply(back, _grid())
    if not np.array_equal(posed, source):
        grid = bend(np.vstack([source[_BENT, :2], _FIXED]), np.vstack([posed[_BENT, :2], _FIXED]), grid)
    lookup = cv2.resize(grid.reshape(_GRID, _GRID, 2).astype(np.float32), (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC)
    picture = cv2.remap(pack.faces.pictures[k], lookup, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    uv_mask = cv2.remap(pack.faces.uv_mask[k], lookup, None, cv2.INTER_LINEAR)
    points = posed.copy()
    points[:, :2] = _apply(placed, posed[:, :2])
    if rng.random() < 0.5:
        picture, uv_mask = np.ascontiguousarray(picture[:, ::-1]), uv_mask[:, ::-1].copy()
        uv_mask[..., 0] = np.where(uv_mask[..., 2] > 0, 255 - uv_mask[..., 0], 0)
        points = _mirrored(points)
    return picture.astype(np.float32) / 255, uv_mask, points


@cache
def _partners() -> np.ndarray:
    """Each mesh point's partner on the other side."""
    uv = mesh.canonical_uv()
    other = uv * np.float32([-1, 1]) + np.float32([1, 0])
    return ((uv[None] - other[:, None]) ** 2).sum(2).argmin(1)


def _mirrored(points: np.ndarray) -> np.ndarray:
    out = points[_partners()].copy()
    out[:, 0] = CANVAS - 1 - out[:, 0]
    return out


def _light(rng, picture: np.ndarray) -> np.ndarray:
    """The whole picture lit and taken otherwise: lamps from a side, mottled light, tints, exposure, blur, noise, JPEG."""
    if rng.random() < 0.45:
        angle = rng.uniform(0, 2 * np.pi)
        y, x = np.mgrid[-1 : 1 : CANVAS * 1j, -1 : 1 : CANVAS * 1j].astype(np.float32)
        along = x * np.cos(angle) + y * np.sin(angle)
        if rng.random() < 0.4:
            along = np.tanh(along * rng.uniform(1.5, 5)) * 0.8
        picture = picture * np.exp(along * rng.uniform(0.2, 1.3))[..., None]
    if rng.random() < 0.3:
        picture = picture * (1 + rng.uniform(0.05, 0.35) * fractal(rng, int(rng.integers(2, 7)), 2)[..., None])
    if rng.random() < 0.5:
        picture = picture * np.exp(rng.normal(0, 0.12, 3)).astype(np.float32)
    # Cameras expose for something: whole pictures are seldom nearly black or nearly white.
    mean = float(picture.mean())
    picture = picture * (np.clip(mean * np.exp(rng.normal(-0.1, 0.4)), 0.08, 0.7) / max(mean, 1e-3))
    if rng.random() < 0.3:
        picture = np.maximum(picture, 0) ** rng.uniform(0.7, 1.4)
    if rng.random() < 0.15:
        picture = np.repeat(picture.mean(2, keepdims=True), 3, 2)
    picture = np.ascontiguousarray(picture, np.float32)
    if rng.random() < 0.35:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.6, 2.2))
    if rng.random() < 0.15:
        length = int(rng.integers(3, 13))
        kernel = np.zeros((length, length), np.float32)
        middle, angle = length // 2, rng.uniform(0, np.pi)
        reach = np.array([np.cos(angle), np.sin(angle)]) * middle
        ends = [tuple(int(v) for v in np.rint(middle + s * reach)) for s in (-1, 1)]
        cv2.line(kernel, *ends, 1.0, 1)
        picture = cv2.filter2D(picture, -1, kernel / kernel.sum())
    return picture


def _side_lamp(rng, scene: Scene) -> None:
    """A lamp that leaves a part of the head in its own shadow: the face by its mesh's normals, the rest evenly. The edge of
    that shadow is no edge of anything."""
    points = scene.points.astype(np.float32)
    corners = points[mesh.triangles()]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    normals *= np.where(normals[:, 2:] > 0, -1, 1)
    side, up = rng.uniform(0.5, 1) * rng.choice([-1, 1]), rng.uniform(-0.6, 0.4)
    lamp = np.array([side, up, -rng.uniform(0, 0.5)], np.float32)
    facing = (normals @ (lamp / np.linalg.norm(lamp))).clip(0, 1)
    ambient, strength = rng.uniform(0.05, 0.4), rng.uniform(0.7, 1.3)
    light = np.full((CANVAS, CANVAS), ambient + 0.4 * strength, np.float32)
    for k in np.argsort(-corners[:, :, 2].mean(1)):
        cv2.fillConvexPoly(light, np.rint(corners[k, :, :2] * 16).astype(np.int32), float(ambient + strength * facing[k]), cv2.LINE_AA, 4)
    light = cv2.GaussianBlur(light, (0, 0), rng.uniform(1.5, 5))
    # Codes are about the root of 2.2 of the light.
    scene.picture *= light[..., None] ** (1 / 2.2)


def _take(rng, picture: np.ndarray) -> np.ndarray:
    """The picture at the network's size, as codes, with a sensor's noise and a coder's marks."""
    small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.6:
        small = small + rng.normal(0, rng.uniform(0.003, 0.035), small.shape).astype(np.float32)
    codes = np.rint(small.clip(0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.5:
        _, data = cv2.imencode(".jpg", codes, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 93))])
        codes = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return codes


def _last_matte(rng, matte: np.ndarray, share: float) -> np.ndarray:
    """The matte of the frame before as it may be known: not at all, moved, grown, shrunk, with holes, or wrong."""
    if rng.random() >= share:
        return np.zeros_like(matte)
    kind = rng.random()
    if kind < 0.15:
        return (fractal_small(rng) > rng.uniform(0, 0.8)).astype(np.float32)
    if kind < 0.3:
        return np.zeros_like(matte)
    last = matte.copy()
    if rng.random() < 0.5:
        size = int(rng.integers(1, 4)) * 2 + 1
        kernel = np.ones((size, size), np.uint8)
        last = cv2.dilate(last, kernel) if rng.random() < 0.5 else cv2.erode(last, kernel)
    if rng.random() < 0.7:
        reach = rng.uniform(0.5, 12)
        move = np.float32([[1, 0, rng.uniform(-reach, reach)], [0, 1, rng.uniform(-reach, reach)]])
        last = cv2.warpAffine(last, move, (SIDE, SIDE))
    if rng.random() < 0.3:
        last = last * (fractal_small(rng) > -0.5)
    return cv2.GaussianBlur(last.astype(np.float32), (0, 0), rng.uniform(0.3, 1.5))


def fractal_small(rng) -> np.ndarray:
    """Noise at the network's size."""
    return smooth_noise(rng, int(rng.integers(2, 9)), SIDE)


def _choose_face(rng, pack: Pack, test: bool) -> int:
    """A portrait without glasses; brown and dark skin as often as all others together."""
    faces = pack.faces
    free = np.flatnonzero((faces.test == test) & ~faces.glasses)
    dark = free[faces.ita[free] < 10]
    return int(rng.choice(dark if rng.random() < 0.45 else free))


def _draw(scene: Scene, kind: str) -> None:
    rng = scene.rng
    pick = lambda among: among[rng.integers(len(among))](scene)
    if kind == "hand":
        occluders.hand(scene)
        if scene.chance(0.12):
            occluders.hand(scene)
    elif kind == "object":
        pick(_OBJECTS)
    elif kind == "glasses":
        occluders.glasses(scene)
    elif kind == "hair":
        pick(_HAIR)
        if scene.chance(0.3):
            pick(_HAIR)
    elif kind == "thin":
        pick(_THIN)
    elif kind == "worn":
        pick(_WORN)
    elif kind == "both":
        first = [occluders.glasses, occluders.strands, occluders.fringe, occluders.blob, occluders.thin, occluders.mug]
        pick(first)
        occluders.hand(scene)


def make(pack: Pack, seed, kind: str | None = None, face: int | None = None, test: bool = False, last: float = 0.5) -> dict:
    """A sample. `kind` and `face` are drawn where they are not given; `test` takes kept-out portraits and hands.

    Returns arrays of codes: `crop` 128 x 128 x 3 (b, g, r), `uv_mask` 128 x 128 x 3, `last` and `matte` 128 x 128; and
    `kind` and `face`.
    """
    rng = np.random.default_rng(seed)
    kind = kind or str(rng.choice(list(KINDS), p=np.array(list(KINDS.values())) / sum(KINDS.values())))
    face = _choose_face(rng, pack, test) if face is None else face
    picture, uv_mask, points = _face(rng, pack, face)
    tone = np.asarray(pack.faces.tone[face], np.float32) / 255
    scene = Scene(rng, pack, test, picture, points.astype(np.float32), tone, _hair_of(picture, points, tone))
    if scene.chance(0.2):
        # Darker skin: the face and what is measured on it.
        gain = np.exp(rng.normal(-0.35, 0.3)) * np.float32([1, 1.05, 1.1])
        scene.picture, scene.tone, scene.hair = scene.picture * gain, scene.tone * gain, scene.hair * gain
    inner = points[mesh.lips_inner(), 1]
    if np.ptp(inner) > 0.16 * scene.eyes or scene.chance(0.1):
        # Wider open than portraits are: what is inside was not in the picture.
        occluders.mouth_inside(scene)
    for own, share in ((occluders.beard, 0.16), (occluders.make_up, 0.08), (occluders.cast_shadow, 0.06)):
        if scene.chance(share * (2 if kind == "nothing" else 1)):
            own(scene)
    if scene.chance(0.35 if kind in ("nothing", "shadow") else 0.2):
        _side_lamp(rng, scene)
    _draw(scene, kind)
    if kind == "shadow" or scene.chance(0.02):
        occluders.cast_shadow(scene)
    matte = cv2.resize(scene.matte, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    crop = _take(rng, _light(rng, scene.picture))
    moved = _tracked_uv(rng, uv_mask, has_occluder=kind not in ("nothing", "shadow"))
    codes = lambda a: np.rint(a.clip(0, 1) * 255).astype(np.uint8)
    return {
        "crop": crop,
        "uv_mask": moved,
        "last": codes(_last_matte(rng, matte, last)),
        "matte": codes(matte),
        "kind": kind,
        "face": face,
    }


def _tracked_uv(rng, uv_mask: np.ndarray, has_occluder: bool) -> np.ndarray:
    """u, v and mask at the network's size, off by what trackers are off by: more where something is in front."""
    wide = has_occluder and rng.random() < 0.3
    shake = _jitter(rng, 12, 3, 0.05) if wide else _jitter(rng, 3.2, 1.5, 0.02)
    size = np.float64([[SIDE / CANVAS, 0, 0.5 * SIDE / CANVAS - 0.5], [0, SIDE / CANVAS, 0.5 * SIDE / CANVAS - 0.5]])
    out = cv2.warpAffine(uv_mask, _chain(shake, size), (SIDE, SIDE), flags=cv2.INTER_NEAREST)
    return out


def _hair_of(picture: np.ndarray, points: np.ndarray, tone: np.ndarray) -> np.ndarray:
    """The hair's colour: the darker half of what lies above the forehead; dark where that leaves the picture."""
    x, y = np.rint(points[mesh.FOREHEAD, :2]).astype(int)
    patch = picture[max(y - 22, 0) : max(y - 6, 0), max(x - 25, 0) : x + 25].reshape(-1, 3)
    if len(patch) < 50:
        return tone * 0.3
    order = patch.sum(1).argsort()
    return patch[order[: len(order) // 2]].mean(0)
