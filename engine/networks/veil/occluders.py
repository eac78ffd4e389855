"""Draws what may stand before a face, each kind with a matte of its own. Everything is drawn by this code but hands, which
are rendered from a CC0 body, and patches of cloth."""

import cv2
import numpy as np

from . import mesh
from .scene import CANVAS, Scene, curve, fill, fractal, outline, smooth_noise, stroke


def _turned(angle, scale, centre, source_centre) -> np.ndarray:
    """The map that turns and scales about `source_centre` and lays that on `centre`, 2 x 3."""
    c, s = np.cos(angle) * scale, np.sin(angle) * scale
    x, y = source_centre
    return np.float32([[c, -s, centre[0] - c * x + s * y], [s, c, centre[1] - s * x - c * y]])


def hand(scene: Scene, place: np.ndarray | None = None) -> None:
    """A rendered hand at `place` or somewhere before the face; its forearm leaves the picture or ends in a sleeve."""
    rng, hands = scene.rng, scene.pack.hands
    k = int(rng.choice(np.flatnonzero(hands.test == scene.test)))
    alpha, is_hand = hands.alpha[k], hands.is_hand[k]
    ys, xs = np.nonzero(is_hand > 127)
    if len(xs) < 50:
        ys, xs = np.nonzero(alpha > 127)
    middle = np.array([xs.mean(), ys.mean()])
    ay, ax = np.nonzero((alpha > 127) & (is_hand <= 127))
    arm = np.array([ax.mean(), ay.mean()]) - middle if len(ax) > 20 else np.array([0.0, 1.0])
    size = max(xs.max() - xs.min(), ys.max() - ys.min())
    # A hand is about as long as a face is from chin to brow.
    scale = 2.0 * scene.eyes / size * rng.uniform(0.6, 1.25)
    if place is None:
        place = scene.border_point() if scene.chance(0.2) else scene.face_point(1.15)
    # The arm comes from anywhere but mostly from below or the sides.
    towards = rng.normal(np.pi / 2, 1.0) if scene.chance(0.75) else rng.uniform(0, 2 * np.pi)
    angle = towards - np.arctan2(arm[1], arm[0])
    flip = scene.chance(0.5)
    layer = np.stack([hands.shade[k], hands.alpha[k], hands.highlight[k], is_hand], 2).astype(np.float32) / 255
    if flip:
        layer, middle = layer[:, ::-1], np.array([255 - middle[0], middle[1]])
        angle = towards - np.arctan2(arm[1], -arm[0])
    layer = layer * layer[..., 1:2] ** np.float32([1, 0, 1, 1])
    warp = _turned(angle, scale, place, middle)
    flags = cv2.INTER_AREA if scale < 0.7 else cv2.INTER_LINEAR
    layer = cv2.warpAffine(np.ascontiguousarray(layer), warp, (CANVAS, CANVAS), flags=flags)
    layer = cv2.GaussianBlur(layer, (0, 0), rng.uniform(0.5, 1.1))
    alpha = layer[..., 1]
    shade, highlight, is_hand = (layer[..., i] / np.maximum(alpha, 1e-3) for i in (0, 2, 3))
    shade = shade / 0.498
    if scene.chance(0.35):
        shade = shade ** rng.uniform(0.15, 0.6)
    tone = scene.skin_colour()
    colour = tone * shade[..., None] + highlight[..., None] * rng.uniform(0, 1)
    colour *= 1 + 0.06 * fractal(rng, 12, 2)[..., None]
    sleeved = scene.chance(0.45)
    if sleeved:
        end = rng.uniform(0.2, 0.8)
        sleeve = ((end - is_hand) * 6).clip(0, 1)[..., None]
        colour = colour * (1 - sleeve) + scene.cloth() * shade[..., None].clip(0.5, 1.3) * sleeve
    if scene.chance(0.12):
        # Painted nails, rings and straps: spots of any colour on the hand.
        at = np.array([rng.choice(xs), rng.choice(ys)])
        at = warp @ np.append(np.array([255 - at[0], at[1]]) if flip else at, 1)
        spot = fill(outline(at, rng.uniform(2, 8, 2), rng.uniform(0, 3)))[..., None]
        colour = colour * (1 - spot) + scene.colour() * spot
    shadow = rng.uniform(0.1, 0.55) if scene.chance(0.7) else 0
    scene.paint(colour.clip(0, 1), alpha, shadow=shadow)
    _cover_cut_arm(scene, layer[..., 1], is_hand, towards, tone, sleeved)


def _cover_cut_arm(scene: Scene, alpha, is_hand, towards, tone, sleeved) -> None:
    """Where the rendered forearm ends within the picture, draws it on to the border, as arm or sleeve."""
    arm = (alpha > 0.5) & (is_hand < 0.5)
    ys, xs = np.nonzero(arm)
    if len(xs) < 30:
        return
    direction = np.array([np.cos(towards), np.sin(towards)])
    along = xs * direction[0] + ys * direction[1]
    far = along > np.quantile(along, 0.9)
    end = np.array([xs[far].mean(), ys[far].mean()])
    if (end < 8).any() or (end > CANVAS - 8).any():
        return
    side = np.array([-direction[1], direction[0]])
    across = (xs[far] - end[0]) * side[0] + (ys[far] - end[1]) * side[1]
    half = max(across.max() - across.min(), 6) / 2 * scene.rng.uniform(1.05, 1.35)
    start, stop = end - direction * half * 0.5, end + direction * 2 * CANVAS
    wide = half * scene.rng.uniform(1, 1.4)
    shape = fill([start - side * half, start + side * half, stop + side * wide, stop - side * wide])
    colour = scene.cloth() if sleeved or scene.chance(0.6) else tone
    scene.paint(scene.shaded(colour, shape), shape)


# Glasses

_LENSES = [(2.0, 0.92), (2.6, 0.8), (3.5, 0.7), (5.0, 0.55), (2.2, 0.62), (2.0, 1.0)]


def _lens_frames(scene: Scene):
    """Middle, half size and turn of both lenses, as the head is turned."""
    rng = scene.rng
    x_axis, y_axis = scene.axes
    inner = [scene.at(mesh.EYE_RIGHT_INNER), scene.at(mesh.EYE_LEFT_INNER)]
    outer = [scene.at(mesh.EYE_RIGHT_OUTER), scene.at(mesh.EYE_LEFT_OUTER)]
    power, aspect = _LENSES[rng.integers(len(_LENSES))]
    size, low = rng.uniform(0.78, 1.25), rng.uniform(-0.02, 0.12)
    lenses = []
    for a, b in zip(inner, outer):
        middle = (a * 0.46 + b * 0.54) + y_axis * scene.eyes * low
        half = max(np.linalg.norm(a - b), scene.eyes * 0.1) * 0.82 * size
        high = scene.eyes * 0.27 * aspect * size
        lenses.append((middle, (half, high), float(np.arctan2(x_axis[1], x_axis[0])), power))
    return lenses


def _metal(scene: Scene) -> np.ndarray:
    """Steel, silver, brass or gold."""
    shade = np.full(3, scene.rng.uniform(0.25, 0.95), np.float32)
    if scene.chance(0.5):
        # From pale brass to deep gold, much like skin in some lights.
        return shade * np.float32([scene.rng.uniform(0.25, 0.65), scene.rng.uniform(0.65, 0.85), 1.0])
    return shade


def glasses(scene: Scene, dark: bool | None = None) -> None:
    """Glasses of all makes: full, half and no rims, thick and thin, clear, tinted and dark lenses with glints."""
    rng = scene.rng
    dark = scene.chance(0.3) if dark is None else dark
    lenses = _lens_frames(scene)
    shapes = [outline(m, r, a + rng.normal(0, 0.03), p) for m, r, a, p in lenses]
    make = "full" if dark and scene.chance(0.5) else rng.choice(["full", "half", "none"], p=[0.62, 0.2, 0.18])
    unit = scene.eyes / 100
    width = rng.choice([rng.uniform(0.7, 2.0), rng.uniform(2, 5), rng.uniform(5, 9)], p=[0.5, 0.35, 0.15]) * unit
    wired = dark and scene.chance(0.5)
    if wired:
        # Pilots' glasses and round ones: dark lenses in a wire, mostly of metal.
        make, width = "full", rng.uniform(0.8, 4.5) * unit
    metal = scene.chance(0.7 if wired or width < 2.2 * unit else 0.35)
    frame = _metal(scene) if metal else scene.colour() * rng.uniform(0.05, 0.8)
    rims = np.zeros((CANVAS, CANVAS), np.float32)
    if make == "none":
        width = min(width, 1.4 * unit)
    for shape in shapes:
        closed = np.vstack([shape, shape[:1]])
        if make == "full":
            rims = np.maximum(rims, stroke(closed, width))
        elif make == "half":
            upper = shape[24:] if shape[36][1] < shape[12][1] else shape[:25]
            rims = np.maximum(rims, stroke(upper, width))
            rims = np.maximum(rims, stroke(closed, 0.5 * unit) * rng.uniform(0, 0.6))
        else:
            rims = np.maximum(rims, stroke(closed, 0.6 * unit) * rng.uniform(0.1, 0.7))
    rims = np.maximum(rims, _bridge(scene, lenses, width, unit))
    rims = np.maximum(rims, _temples(scene, lenses, width))
    inside = np.maximum(*(fill(s) for s in shapes))
    if scene.chance(0.5):
        # The frame's shadow on cheeks and lids, which is no part of what stands in front.
        move = np.float32([[1, 0, rng.uniform(-3, 3) * unit], [0, 1, rng.uniform(1, 6) * unit]])
        cast = cv2.warpAffine(cv2.GaussianBlur(rims, (0, 0), rng.uniform(0.8, 2.5)), move, (CANVAS, CANVAS))
        scene.picture *= 1 - cast[..., None] * rng.uniform(0.1, 0.5)
    _lens(scene, inside, dark)
    shine = 1 + rng.uniform(0, 0.9) * fractal(rng, int(rng.integers(4, 30)), 2) * (2 if metal else 0.5)
    scene.paint((frame * shine[..., None]).clip(0, 1), rims)


def _bridge(scene: Scene, lenses, width: float, unit: float) -> np.ndarray:
    (m0, r0, a0, _), (m1, r1, a1, _) = lenses
    x, y = scene.axes
    ends = [m0 + x * r0[0] * 0.98 - y * r0[1] * 0.25, m1 - x * r1[0] * 0.98 - y * r1[1] * 0.25]
    middle = sum(ends) / 2 - y * scene.rng.uniform(0.5, 6) * unit
    bridge = stroke(curve([ends[0], middle, ends[1]]), width * scene.rng.uniform(0.7, 1.1))
    if scene.chance(0.2):
        bar = [e - y * (r0[1] * 0.6) for e in ends]
        bridge = np.maximum(bridge, stroke(bar, width * 0.7))
    return bridge


def _temples(scene: Scene, lenses, width: float) -> np.ndarray:
    out = np.zeros((CANVAS, CANVAS), np.float32)
    x, y = scene.axes
    for sign, (m, r, a, _), cheek in zip((-1, 1), lenses, (mesh.CHEEK_RIGHT, mesh.CHEEK_LEFT)):
        start = m + x * sign * r[0] * 0.97 - y * r[1] * 0.35
        end = scene.at(cheek) - y * scene.eyes * scene.rng.uniform(0.05, 0.3)
        # Beyond the cheek the head hides it.
        out = np.maximum(out, stroke([start, end], width * scene.rng.uniform(0.7, 1.3)))
    return out


def _lens(scene: Scene, inside: np.ndarray, dark: bool) -> None:
    rng = scene.rng
    if dark:
        density = rng.uniform(0.72, 1.0)
        fade = density * (1 - rng.uniform(0, 0.35) * _ramp_down(inside))
        scene.paint(scene.colour() * rng.uniform(0.02, 0.35), inside * fade, label=inside)
    elif scene.chance(0.35):
        # A faint tint is looked through: the face's own.
        scene.paint(scene.colour(), inside * rng.uniform(0.02, 0.14), label=inside * 0)
    if scene.chance(0.55 if not dark else 0.8):
        glint = _glint(scene) * inside * rng.uniform(0.15, 0.95)
        sky = np.float32([rng.uniform(0.7, 1), rng.uniform(0.7, 1), rng.uniform(0.6, 1)])
        scene.paint(sky, glint, label=(glint * 1.6).clip(0, 1) if not dark else None)


def _ramp_down(inside: np.ndarray) -> np.ndarray:
    rows = np.flatnonzero(inside.max(1) > 0.5)
    if len(rows) < 2:
        return inside * 0
    return ((np.arange(CANVAS) - rows[0]) / (rows[-1] - rows[0])).clip(0, 1).astype(np.float32)[:, None] + inside * 0


def _glint(scene: Scene) -> np.ndarray:
    rng = scene.rng
    if scene.chance(0.5):
        # A window or a lamp as a slanted stripe.
        angle, at = rng.uniform(0.3, 1.2) * rng.choice([-1, 1]), scene.face_point(0.6)
        y, x = np.mgrid[0:CANVAS, 0:CANVAS].astype(np.float32)
        far = np.abs((x - at[0]) * np.cos(angle) + (y - at[1]) * np.sin(angle))
        return ((rng.uniform(3, 14) - far) / 2).clip(0, 1)
    mark = np.zeros((CANVAS, CANVAS), np.float32)
    for point in (mesh.EYE_RIGHT_INNER, mesh.EYE_LEFT_INNER):
        at = scene.at(point) + rng.normal(0, 0.12, 2) * scene.eyes
        mark = np.maximum(mark, fill(outline(at, rng.uniform(1, 9, 2), rng.uniform(0, 3), rng.choice([2.0, 6.0]))))
    return mark


def visor(scene: Scene) -> None:
    """A headset for virtual reality, ski goggles, a sleeping mask: a broad thing over both eyes."""
    rng = scene.rng
    x, y = scene.axes
    middle = (scene.at(mesh.NOSE_ROOT) + scene.at(mesh.NOSE_BRIDGE)) / 2 - y * scene.eyes * rng.uniform(-0.1, 0.12)
    radii = (scene.eyes * rng.uniform(0.62, 0.95), scene.eyes * rng.uniform(0.26, 0.5))
    angle = np.arctan2(x[1], x[0]) + rng.normal(0, 0.04)
    body = fill(outline(middle, radii, angle, rng.uniform(3, 9)))
    band = stroke([middle - x * CANVAS, middle + x * CANVAS], radii[1] * rng.uniform(0.3, 0.9))
    scene.paint(scene.shaded(scene.colour(), band), band, shadow=rng.uniform(0, 0.3))
    scene.paint(scene.shaded(scene.colour(), body), body, shadow=rng.uniform(0, 0.4))
    if scene.chance(0.6):
        pane = fill(outline(middle, (radii[0] * 0.85, radii[1] * 0.7), angle, 4))
        scene.paint(scene.shaded(scene.colour() * 0.5, pane, 0.6), pane)


# Things that are held or worn


def mug(scene: Scene) -> None:
    """A mug, a glass or a bottle before mouth and chin."""
    rng = scene.rng
    x, y = _tilted(scene, 0.35)
    wide, high = scene.eyes * rng.uniform(0.28, 0.6), scene.eyes * rng.uniform(0.5, 1.1)
    at = scene.at(mesh.LIP_BOTTOM) + (rng.normal(0, 0.25) * x + rng.uniform(-0.1, 0.9) * y) * scene.eyes
    taper = rng.uniform(0.7, 1.05)
    corner = lambda sx, sy: at + x * sx * wide * (taper if sy > 0 else 1) + y * sy * high
    body = np.maximum(fill([corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)]),
                      fill(outline(at - y * high, (wide, wide * 0.25), np.arctan2(x[1], x[0]))))
    if scene.chance(0.6):
        side = rng.choice([-1, 1])
        ring = outline(at + x * side * wide, (wide * 0.55, high * 0.55), np.arctan2(x[1], x[0]))
        body = np.maximum(body, stroke(np.vstack([ring, ring[:1]]), wide * rng.uniform(0.12, 0.3)))
    look = scene.cloth() if scene.chance(0.35) else scene.colour()
    scene.paint(scene.shaded(look, body, 0.5), body, shadow=rng.uniform(0, 0.4))
    if scene.chance(0.3):
        # A band of another colour, a skin's among them.
        low = rng.uniform(-0.8, 0.6)
        top = min(low + rng.uniform(0.15, 0.6), 1)
        band = fill([corner(-1, low), corner(1, low), corner(1, top), corner(-1, top)])
        tint = scene.skin_colour() if scene.chance(0.4) else scene.colour()
        scene.paint(scene.shaded(tint, band, 0.5), band)
    if scene.chance(0.4):
        # The hand that holds it, half beside the face.
        hand(scene, at + x * rng.choice([-1, 1]) * wide * rng.uniform(0.8, 1.5) + y * high * rng.normal(0, 0.4))
    if scene.chance(0.5):
        inside = fill(outline(at - y * high, (wide * 0.88, wide * 0.19), np.arctan2(x[1], x[0])))
        scene.paint(scene.colour() * 0.6, inside)


def _tilted(scene: Scene, spread: float):
    x, _ = scene.axes
    angle = np.arctan2(x[1], x[0]) + scene.rng.normal(0, spread)
    return np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])


def microphone(scene: Scene) -> None:
    """A microphone on a stand or in a hand, with a mesh head or a foam cover."""
    rng = scene.rng
    at = scene.at(mesh.LIP_BOTTOM) + rng.normal(0, 0.35, 2) * scene.eyes + np.array([0, 0.15]) * scene.eyes
    angle = rng.normal(np.pi / 2, 0.8)
    along = np.array([np.cos(angle), np.sin(angle)])
    radius = scene.eyes * rng.uniform(0.12, 0.34)
    colour = scene.colour() * rng.uniform(0.1, 0.8)
    stick = stroke([at, at + along * 2 * CANVAS], radius * rng.uniform(0.7, 1.4))
    scene.paint(scene.shaded(colour, stick, 0.5), stick, shadow=rng.uniform(0, 0.3))
    head = fill(outline(at, (radius, radius * rng.uniform(0.9, 1.5)), angle - np.pi / 2, rng.uniform(2, 4)))
    y, x = np.mgrid[0:CANVAS, 0:CANVAS].astype(np.float32)
    step = rng.uniform(1.5, 4)
    weave = 0.75 + 0.25 * np.sin(x / step * 3) * np.sin(y / step * 3) if scene.chance(0.6) else 1 + 0.2 * fractal(rng, 80, 1)
    scene.paint(scene.shaded(scene.colour() * weave[..., None], head, 0.5), head, shadow=rng.uniform(0, 0.4))


def phone(scene: Scene) -> None:
    """A flat thing with straight edges: a telephone, a card, a book, a sheet of paper."""
    rng = scene.rng
    x, y = _tilted(scene, 1.0)
    at = scene.face_point(1.1)
    wide, high = scene.eyes * rng.uniform(0.3, 1.1), scene.eyes * rng.uniform(0.3, 1.3)
    body = fill(outline(at, (wide, high), np.arctan2(x[1], x[0]), rng.uniform(6, 20), 96))
    look = scene.cloth() if scene.chance(0.5) else scene.shaded(scene.colour(), body, 0.15)
    scene.paint(look, body, shadow=rng.uniform(0, 0.5))
    if scene.chance(0.4):
        lens = fill(outline(at - x * wide * 0.5 - y * high * 0.6, (wide * 0.12, wide * 0.12)))
        scene.paint(scene.colour() * 0.4, lens)


def blob(scene: Scene) -> None:
    """A thing of any shape and texture: food, a toy, an animal with fur, a plant."""
    rng = scene.rng
    at = scene.face_point(1.2)
    n = int(rng.integers(5, 14))
    t = np.sort(rng.uniform(0, 2 * np.pi, n))
    radius = scene.eyes * rng.uniform(0.15, 0.9)
    around = np.stack([np.cos(t), np.sin(t)], 1) * (rng.uniform(0.55, 1.0, n) * radius)[:, None]
    shape = fill(at + around)
    if scene.chance(0.6):
        soft = cv2.GaussianBlur(shape, (0, 0), radius * 0.15)
        shape = ((soft - 0.5) * 8 + 0.5).clip(0, 1)
    if scene.chance(0.25):
        hole = fill(outline(at, (radius * 0.3, radius * rng.uniform(0.2, 0.4)), rng.uniform(0, 3)))
        shape = shape * (1 - hole)
    if scene.chance(0.35):
        # Fur and leaves: a ragged border.
        edge = cv2.GaussianBlur(shape, (0, 0), rng.uniform(2, 6)) + 0.35 * _streaks(scene, rng.uniform(0, 3))
        shape = ((edge - 0.5) * 5 + 0.5).clip(0, 1) * (cv2.GaussianBlur(shape, (0, 0), 4) > 0.02)
    look = scene.skin_colour() if scene.chance(0.2) else (scene.cloth() if scene.chance(0.6) else scene.colour())
    shadow = rng.uniform(0.1, 0.5) if scene.chance(0.6) else 0
    scene.paint(scene.shaded(look, shape, rng.uniform(0.1, 0.6)), shape, shadow=shadow)


def thin(scene: Scene) -> None:
    """A straw, fork, spoon, pen, cigarette or brush: long and thin, from the mouth outwards or across the face."""
    rng = scene.rng
    start = scene.at(mesh.LIP_TOP) * 0.5 + scene.at(mesh.LIP_BOTTOM) * 0.5 + rng.normal(0, 0.12, 2) * scene.eyes
    if scene.chance(0.35):
        start = scene.face_point()
    angle = rng.normal(np.pi / 2, 0.9) if scene.chance(0.8) else rng.uniform(0, 2 * np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    length = scene.eyes * rng.uniform(0.5, 3.0)
    width = scene.eyes * rng.uniform(0.018, rng.choice([0.05, 0.11]))
    line = stroke(curve([start, start + along * length * 0.5 + rng.normal(0, 0.05, 2) * length, start + along * length]), width)
    kind = rng.integers(4)
    side = np.array([-along[1], along[0]])
    if kind == 0:
        # Tines of a fork.
        for k in (-1.5, -0.5, 0.5, 1.5):
            foot = start + side * k * width * 1.3
            line = np.maximum(line, stroke([foot, foot - along * scene.eyes * rng.uniform(0.15, 0.4)], width * 0.55))
        line = np.maximum(line, stroke([start - side * width * 2.2, start + side * width * 2.2], width))
    elif kind == 1:
        line = np.maximum(line, fill(outline(start, (width * rng.uniform(2, 4), width * rng.uniform(2, 3)), angle)))
    metal = kind != 2 and scene.chance(0.5)
    look = _metal(scene) if metal else scene.colour()
    if metal:
        # It mirrors the room: light and dark along it.
        look = (look * (1 + 0.6 * fractal(rng, int(rng.integers(3, 12)), 2))[..., None]).clip(0, 1)
    if kind == 2:
        y, x = np.mgrid[0:CANVAS, 0:CANVAS].astype(np.float32)
        stripe = (np.sin((x * along[0] + y * along[1]) / max(width, 1) * rng.uniform(0.6, 2)) > 0)[..., None]
        look = look * stripe + scene.colour() * ~stripe
    scene.paint(scene.shaded(look, line, 0.6), line, shadow=rng.uniform(0, 0.35))


def headset(scene: Scene) -> None:
    """A headset's thin boom along the cheek with a small microphone before the mouth; sometimes the ear cup."""
    rng = scene.rng
    side, cheek, corner = (
        (-1, mesh.CHEEK_RIGHT, mesh.MOUTH_RIGHT) if scene.chance(0.5) else (1, mesh.CHEEK_LEFT, mesh.MOUTH_LEFT)
    )
    x, y = scene.axes
    ear = scene.at(cheek) + x * side * scene.eyes * rng.uniform(-0.05, 0.12) + y * scene.eyes * rng.uniform(-0.1, 0.25)
    end = scene.at(corner) + (x * side * rng.uniform(-0.1, 0.25) + y * rng.uniform(-0.05, 0.3)) * scene.eyes
    bend = (ear + end) / 2 + y * scene.eyes * rng.uniform(0.1, 0.4)
    width = scene.eyes * rng.uniform(0.02, 0.08)
    colour = scene.colour() * rng.uniform(0.05, 0.7)
    boom = stroke(curve([ear, bend, end]), width)
    head = fill(outline(end, (scene.eyes * rng.uniform(0.05, 0.14), scene.eyes * rng.uniform(0.04, 0.1)), rng.uniform(0, 3)))
    boom = np.maximum(boom, head)
    if scene.chance(0.6):
        cup = fill(outline(ear, (scene.eyes * rng.uniform(0.1, 0.25), scene.eyes * rng.uniform(0.25, 0.45)), 0, 3))
        boom = np.maximum(boom, cup)
    scene.paint(scene.shaded(colour, boom, 0.5), boom, shadow=rng.uniform(0, 0.4))


def medical_mask(scene: Scene) -> None:
    """A cloth or surgical mask over nose, mouth and chin, or a scarf, with folds and straps."""
    rng = scene.rng
    x, y = scene.axes
    share = rng.uniform(0.1, 0.8)
    top = scene.at(mesh.NOSE_BRIDGE) * share + scene.at(mesh.NOSE_TIP) * (1 - share)
    left = scene.at(mesh.CHEEK_LEFT) + (y * rng.uniform(-0.02, 0.25) + x * rng.uniform(-0.18, 0.05)) * scene.eyes
    right = scene.at(mesh.CHEEK_RIGHT) + (y * rng.uniform(-0.02, 0.25) - x * rng.uniform(-0.18, 0.05)) * scene.eyes
    chin = scene.at(mesh.CHIN) + y * scene.eyes * rng.uniform(-0.05, 0.35)
    jaw_left, jaw_right = scene.at(397) + x * 3, scene.at(172) - x * 3
    if scene.chance(0.4):
        # A scarf: down to the border.
        jaw_left, jaw_right, chin = jaw_left + y * CANVAS, jaw_right + y * CANVAS, chin + y * CANVAS
        left, right = left + x * CANVAS, right - x * CANVAS
    upper = np.vstack([curve([right, (right + top) / 2 - y * scene.eyes * rng.uniform(-0.05, 0.15), top], 12),
                       curve([top, (left + top) / 2 - y * scene.eyes * rng.uniform(-0.05, 0.15), left], 12)])
    shape = fill(np.vstack([upper, [jaw_left, chin, jaw_right]]))
    look = np.broadcast_to(scene.colour(), (CANVAS, CANVAS, 3)) if scene.chance(0.6) else scene.cloth()
    if scene.chance(0.6):
        _, down = np.mgrid[0:CANVAS, 0:CANVAS][::-1].astype(np.float32)
        folds = np.sin(down / scene.eyes * rng.uniform(15, 40) + rng.uniform(0, 6))
        look = look * (1 - 0.15 * (folds > rng.uniform(0.2, 0.9)))[..., None]
    for corner, ear in ((left, mesh.CHEEK_LEFT), (right, mesh.CHEEK_RIGHT)):
        strap = stroke([corner, scene.at(ear) - y * scene.eyes * 0.15], rng.uniform(1, 3))
        scene.paint(scene.colour(), strap)
    scene.paint(scene.shaded(look, shape, rng.uniform(0.1, 0.4)), shape, shadow=rng.uniform(0, 0.3))


def cap(scene: Scene) -> None:
    """A brim, a hat, a hood or a helmet's edge over the forehead, with its shadow on the eyes."""
    rng = scene.rng
    x, y = scene.axes
    top = scene.at(mesh.FOREHEAD) + y * scene.eyes * rng.uniform(-0.1, 0.4)
    half, sag = scene.eyes * rng.uniform(0.7, 1.2), scene.eyes * rng.uniform(-0.25, 0.2)
    lower = curve([top - x * half, top + y * sag, top + x * half])
    shape = fill(np.vstack([lower, [top + x * half - y * CANVAS, top - x * half - y * CANVAS]]))
    shadow = cv2.GaussianBlur(np.roll(shape, int(rng.uniform(2, 30)), 0), (0, 0), rng.uniform(1, 5))
    scene.picture *= 1 - (shadow * rng.uniform(0, 0.6))[..., None]
    look = scene.cloth() if scene.chance(0.5) else scene.colour()
    scene.paint(scene.shaded(look, shape, 0.3), shape)


def veil(scene: Scene) -> None:
    """Something to be looked through: a net, smoke, a veil, a dirty pane; it stands in front as far as it hides."""
    rng = scene.rng
    y, x = np.mgrid[0:CANVAS, 0:CANVAS].astype(np.float32)
    region = fill(outline(scene.face_point(0.8), scene.eyes * rng.uniform(0.5, 1.6, 2), rng.uniform(0, 3), 4))
    if scene.chance(0.6):
        step, angle = rng.uniform(4, 12), rng.uniform(0, 3)
        u, v = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
        u += 2 * smooth_noise(rng, 6) * step * 0.3
        near = np.minimum(np.abs(u % step - step / 2), np.abs(v % step - step / 2))
        alpha = ((rng.uniform(0.6, 1.4) - near) * 1.5).clip(0, 1) * rng.uniform(0.6, 1)
    else:
        alpha = (0.5 + 0.5 * fractal(rng, 4)).clip(0, 1) * rng.uniform(0.3, 0.8)
    scene.paint(scene.colour(), alpha * region)


# Hair


def _streaks(scene: Scene, angle: float, length: int = 31) -> np.ndarray:
    """Noise drawn out along a direction: strands of hair seen from near; about -1..1."""
    rng = scene.rng
    noise = rng.normal(0, 1, (CANVAS, CANVAS)).astype(np.float32)
    kernel = np.zeros((length, length), np.float32)
    middle, reach = length // 2, np.array([np.cos(angle), np.sin(angle)]) * (length // 2)
    a, b = np.rint(middle - reach).astype(int), np.rint(middle + reach).astype(int)
    cv2.line(kernel, tuple(map(int, a)), tuple(map(int, b)), 1.0, 1)
    out = cv2.filter2D(noise, -1, kernel / kernel.sum())
    return out / max(float(out.std()) * 2, 1e-3)


def _hair_colour(scene: Scene) -> np.ndarray:
    rng = scene.rng
    if scene.chance(0.6):
        return (scene.hair * rng.uniform(0.8, 1.2)).clip(0, 1)
    natural = [(0.05, 0.06, 0.08), (0.1, 0.17, 0.28), (0.2, 0.35, 0.5), (0.45, 0.62, 0.75), (0.7, 0.72, 0.75), (0.1, 0.2, 0.5)]
    return np.float32(natural[rng.integers(len(natural))]) * rng.uniform(0.6, 1.2)


def strands(scene: Scene) -> None:
    """Single strands and thin locks that hang into the face."""
    rng, (x, y) = scene.rng, scene.axes
    base = _hair_colour(scene)
    # A lock or two; in a third of the cases a curtain of them that hangs over the eyes.
    locks, longest = (int(rng.integers(5, 14)), 1.5) if scene.chance(0.35) else (int(rng.integers(1, 5)), 2.0)
    thickest = rng.choice([1.8, 3.2])
    for _ in range(locks):
        root = scene.at(mesh.FOREHEAD) + (x * rng.uniform(-0.75, 0.75) - y * rng.uniform(0, 0.25)) * scene.eyes
        tip = root + (y * rng.uniform(0.4, longest) + x * rng.normal(0, 0.35)) * scene.eyes
        bend = (root + tip) / 2 + x * rng.normal(0, 0.25) * scene.eyes
        lock = np.zeros((CANVAS, CANVAS), np.float32)
        spread = scene.eyes * rng.uniform(0.0, 0.09)
        for _ in range(int(rng.integers(2, 14))):
            move = lambda s: rng.normal(0, 1, 2) * spread * s
            line = stroke(curve([root + move(0.5), bend + move(1), tip + move(1.5)]), rng.uniform(0.5, thickest))
            lock = 1 - (1 - lock) * (1 - line * rng.uniform(0.6, 1))
        colour = base * (1 + rng.uniform(0, 0.5) * _streaks(scene, np.pi / 2, 15))[..., None]
        scene.paint(colour.clip(0, 1), lock, shadow=rng.uniform(0, 0.25))


def fringe(scene: Scene) -> None:
    """A fringe or a side of hair over forehead, temple or cheek: strands' texture with a ragged edge."""
    rng, (x, y) = scene.rng, scene.axes
    angle = np.arctan2(y[1], y[0]) + rng.normal(0, 0.25)
    if scene.chance(0.6):
        top = scene.at(mesh.FOREHEAD) - y * scene.eyes * 0.6
        low = scene.at(mesh.FOREHEAD) + y * scene.eyes * rng.uniform(0.05, 0.55)
        half = scene.eyes * rng.uniform(0.3, 1.0)
        middle = x * rng.normal(0, 0.3) * scene.eyes
        part = curve([low + middle - x * half, low + middle + y * rng.normal(0, 0.15) * scene.eyes, low + middle + x * half])
        shape = np.vstack([part, [top + middle + x * half * 1.4 - y * CANVAS, top + middle - x * half * 1.4 - y * CANVAS]])
    else:
        side = rng.choice([-1, 1])
        edge = scene.at(mesh.CHEEK_LEFT if side > 0 else mesh.CHEEK_RIGHT) - x * side * scene.eyes * rng.uniform(0.05, 0.5)
        a, b = edge - y * CANVAS, edge + y * scene.eyes * rng.uniform(0.2, 2)
        far = x * side * CANVAS
        shape = np.vstack([curve([a, edge - x * side * scene.eyes * rng.uniform(-0.1, 0.25), b]), [b + far, a + far]])
    texture = _streaks(scene, angle, int(rng.integers(21, 45)))
    soft = cv2.GaussianBlur(fill(shape), (0, 0), rng.uniform(3, 10))
    alpha = ((soft + 0.3 * texture - 0.5) * rng.uniform(2.5, 8) + 0.5).clip(0, 1)
    alpha *= (soft > 0.02)
    colour = _hair_colour(scene) * (1 + rng.uniform(0.2, 0.7) * texture)[..., None]
    scene.paint(colour.clip(0, 1), alpha, shadow=rng.uniform(0, 0.35))


# What is the face's own: nothing of it stands in front


def beard(scene: Scene) -> None:
    """A moustache, stubble or a beard. They are the face's: the matte stays as it is."""
    rng, (x, y) = scene.rng, scene.axes
    base = scene.at(mesh.NOSE_BASE) * 0.35 + scene.at(mesh.LIP_TOP) * 0.65
    moustache = fill(outline(base, (scene.eyes * rng.uniform(0.22, 0.36), scene.eyes * rng.uniform(0.05, 0.11)),
                             np.arctan2(x[1], x[0]), 2.4))
    region = moustache if scene.chance(0.6) else moustache * 0
    if scene.chance(0.5):
        jaw = scene.points[[234, 132, 172, 150, 176, 152, 400, 379, 397, 361, 454], :2]
        lips = outline((scene.at(mesh.LIP_TOP) + scene.at(mesh.LIP_BOTTOM)) / 2,
                       (scene.eyes * 0.33, scene.eyes * 0.16), np.arctan2(x[1], x[0]))
        cheek = [scene.at(mesh.MOUTH_LEFT) + x * 0.1 * scene.eyes, scene.at(mesh.MOUTH_RIGHT) - x * 0.1 * scene.eyes]
        region = np.maximum(region, fill(np.vstack([jaw, cheek]), [lips]))
    texture = _streaks(scene, np.pi / 2 + rng.normal(0, 0.4), int(rng.integers(5, 15)))
    soft = cv2.GaussianBlur(region, (0, 0), rng.uniform(1.5, 4))
    alpha = (soft * rng.uniform(0.4, 1.3) + soft * 0.3 * texture).clip(0, 1)
    colour = _hair_colour(scene) * (1 + 0.4 * texture)[..., None]
    scene.paint(colour.clip(0, 1), alpha, label=alpha * 0)


def mouth_inside(scene: Scene) -> None:
    """What an open mouth shows: dark, with teeth and a tongue. It is the face's own."""
    rng = scene.rng
    inner = scene.points[mesh.lips_inner(), :2]
    low, high = inner.min(0), inner.max(0)
    gap = high[1] - low[1]
    if gap < 4:
        return
    region = fill(inner)
    dark = np.float32([0.1, 0.08, 0.2]) * rng.uniform(0.2, 1.6)
    scene.paint(dark, region, label=region * 0)
    x = (low[0] + high[0]) / 2
    if scene.chance(0.75):
        bright = rng.uniform(0.45, 0.95)
        teeth = fill(outline((x, low[1] - gap * 0.05), ((high[0] - low[0]) * 0.42, gap * rng.uniform(0.15, 0.5)), 0, 3))
        gaps = 1 - 0.15 * (np.abs((np.arange(CANVAS) - x) % (scene.eyes * 0.075)) < 0.7)
        tooth = np.float32([0.82, 0.92, 0.95]) * bright * gaps[None, :, None]
        scene.paint(tooth, teeth * region, label=region * 0)
    if scene.chance(0.5):
        tongue = fill(outline((x, high[1]), ((high[0] - low[0]) * 0.32, gap * rng.uniform(0.2, 0.5))))
        scene.paint(np.float32([0.35, 0.32, 0.62]) * rng.uniform(0.5, 1.2), tongue * region, label=region * 0)


def make_up(scene: Scene) -> None:
    """Lipstick, face paint, freckles, a plaster's colour: flat colours on the skin that stay the face's own."""
    rng = scene.rng
    for _ in range(int(rng.integers(1, 4))):
        at = scene.face_point(0.7)
        region = cv2.GaussianBlur(fill(outline(at, scene.eyes * rng.uniform(0.05, 0.2, 2), rng.uniform(0, 3))), (0, 0), 3)
        scene.picture *= 1 - (region * rng.uniform(0.05, 0.3))[..., None] * (1 - scene.colour())


def cast_shadow(scene: Scene) -> None:
    """A shadow with a hard or soft edge on the face, of something that is not in the picture."""
    rng, kind = scene.rng, scene.rng.choice(4, p=[0.5, 0.1, 0.25, 0.15])
    if kind == 0:
        angle, at = rng.uniform(0, 2 * np.pi), scene.face_point(0.8)
        y, x = np.mgrid[0:CANVAS, 0:CANVAS].astype(np.float32)
        far = (x - at[0]) * np.cos(angle) + (y - at[1]) * np.sin(angle) + 12 * smooth_noise(rng, 3)
        region = (far / rng.uniform(1, 30)).clip(0, 1)
    elif kind == 1:
        angle, step = rng.uniform(0, np.pi), rng.uniform(10, 50)
        y, x = np.mgrid[0:CANVAS, 0:CANVAS].astype(np.float32)
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) / step * 6.3)
        region = (wave * rng.uniform(1, 8) + 0.5).clip(0, 1)
    elif kind == 2:
        hands = scene.pack.hands
        k = int(rng.integers(len(hands.alpha)))
        warp = _turned(rng.uniform(0, 6.3), scene.eyes / 90 * rng.uniform(0.6, 1.6), scene.face_point(), (128, 128))
        region = cv2.warpAffine(hands.alpha[k].astype(np.float32) / 255, warp, (CANVAS, CANVAS))
        region = cv2.GaussianBlur(region, (0, 0), rng.uniform(0.8, 6))
    else:
        region = ((fractal(rng, int(rng.integers(2, 8))) - rng.uniform(-0.3, 0.4)) * rng.uniform(1, 8)).clip(0, 1)
    depth = rng.uniform(0.15, 0.65)
    scene.picture *= 1 - (region * depth)[..., None] * np.float32([rng.uniform(0.7, 1), rng.uniform(0.8, 1), 1])
