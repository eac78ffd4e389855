"""Figures on the kept-out portraits and hands, by kind and by tone of skin, and a sheet of the worst."""

import json
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from . import pack as packs
from . import sample
from .train import batch_of

REPORT_SEED = 24_000_000
"""Far from every seed that pools and runs use."""
STRICT = 0.12
"""A pixel is wrong by the strict rule where the matte is off by more than this."""
GROUPS = {"light": (41, 999), "middle": (10, 41), "brown and dark": (-999, 10)}
"""Tones of skin by individual typology angle, degrees."""


def figures_of(guess: np.ndarray, matte: np.ndarray, mask: np.ndarray) -> dict:
    """Percent of one picture. `painted`: of what stands in front, taken for the face; `strict`: of its pixels, off by
    more than 12 %; `bare`: of the open face, taken for something in front; `bare_strict`: its pixels; `iou` at 0.5."""
    inside = mask > 0.5
    wanted, guess = matte * inside, guess * inside
    front, free = wanted.sum(), ((1 - matte) * inside).sum()
    out = {
        "bare": 100 * ((guess - wanted).clip(0) * inside).sum() / max(free, 1),
        "bare_strict": 100 * ((guess - wanted > STRICT) & inside).sum() / max(free, 1),
    }
    if front > 8:
        covered = wanted > 0.5
        out["painted"] = 100 * (wanted - guess).clip(0).sum() / front
        out["strict"] = 100 * ((wanted - guess > STRICT) & covered).sum() / max(covered.sum(), 1)
        a, b = guess > 0.5, covered
        out["iou"] = 100 * (a & b).sum() / max((a | b).sum(), 1)
    return out


class Network:
    """An exported network, one thread."""

    def __init__(self, path: Path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def __call__(self, one: dict) -> np.ndarray:
        x, _ = batch_of({key: one[key][None] for key in ("crop", "uv_mask", "last", "matte")})
        return self.session.run(None, {"crop": x.numpy()})[0][0, 0]


def report(cache: Path, network: Path, out: Path, each: int, sheet: Path | None) -> dict:
    """Measures `each` pictures a kind; writes JSON to `out` and the worst pictures of each kind to `sheet`."""
    pack, net = packs.kept_out(packs.load(cache)), Network(network)
    rows, worst = [], {}
    for number, kind in enumerate(k for k in sample.KINDS):
        for k in range(each):
            one = sample.make(pack, (REPORT_SEED, number, k), kind=kind, test=True, last=0.0)
            guess = net(one)
            matte, mask = one["matte"] / 255.0, one["uv_mask"][..., 2] / 255.0
            row = figures_of(guess, matte, mask) | {"kind": kind, "ita": float(pack.faces.ita[one["face"]])}
            rows.append(row)
            badness = row.get("painted", 0) + 3 * row["bare"]
            worst.setdefault(kind, []).append((badness, one, guess))
            worst[kind] = sorted(worst[kind], key=lambda w: -w[0])[:8]
        print(_line(kind, [r for r in rows if r["kind"] == kind]), flush=True)
    summary = {"network": network.name, "each": each, "kinds": {}, "tones": {}}
    for kind in sample.KINDS:
        summary["kinds"][kind] = _means([r for r in rows if r["kind"] == kind])
    for name, (low, high) in GROUPS.items():
        of = [r for r in rows if low <= r["ita"] < high]
        summary["tones"][name] = _means(of) | {"pictures": len(of)}
        print(_line(name, of), flush=True)
    out.write_text(json.dumps(summary, indent=1) + "\n")
    if sheet:
        cv2.imwrite(str(sheet), np.vstack([_strip(worst[kind]) for kind in worst]))
    return summary


def _means(rows: list[dict]) -> dict:
    keys = ("painted", "strict", "bare", "bare_strict", "iou")
    found = {key: [r[key] for r in rows if key in r] for key in keys}
    return {key: round(float(np.mean(values)), 2) for key, values in found.items() if values}


def _line(name: str, rows: list[dict]) -> str:
    return f"{name:>15}  " + "  ".join(f"{k} {v:6.2f}" for k, v in _means(rows).items())


def _strip(worst) -> np.ndarray:
    def cell(entry):
        _, one, guess = entry
        crop = one["crop"].astype(np.float32)
        grey = lambda m: np.repeat((m * 255)[..., None], 3, 2)
        wanted = grey(one["matte"] / 255.0)
        return np.vstack([crop, wanted, grey(guess)])

    cells = [cell(w) for w in worst]
    blank = np.zeros_like(cells[0])
    return np.hstack(cells + [blank] * (8 - len(cells))).astype(np.uint8)
