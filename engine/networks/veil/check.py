"""What is checked on every change: that training still learns, and that the network is as good as its card says."""

import json
import tempfile
from pathlib import Path

import numpy as np

from . import pack as packs
from . import sample
from .report import report

STEPS = 30
RATE = 1e-2
"""Greatest learning rate here: 200 steps lead up to it, so that the last of 30 has about the rate of a real training."""
SAMPLES = 128
"""Samples that are trained on."""
SLACK = 1.5
"""Points by which a figure may be worse than the card's: other versions of the libraries draw a little otherwise."""


def some_samples(cache: Path, count: int) -> dict[str, np.ndarray]:
    """Samples as a pool has them."""
    pack = packs.load(cache)
    drawn = [sample.make(pack, (3, n), last=1.0) for n in range(count)]
    return {key: np.stack([one[key] for one in drawn]) for key in ("crop", "uv_mask", "last", "matte")}


def is_read_back(codes: dict[str, np.ndarray], network: Path) -> float:
    """How far the answers of `network`, read back into what is trained, are from the file's own at most."""
    import onnxruntime
    import torch

    from .export import Shipped, read_back
    from .net import Veil
    from .train import batch_of

    net, (crops, _) = Veil(), batch_of(codes)
    read_back(net, network, crops)
    session = onnxruntime.InferenceSession(str(network))
    with torch.no_grad():
        ours = Shipped(net.eval())(crops[:8]).numpy()
    theirs = np.concatenate([session.run(None, {"crop": crops[k : k + 1].numpy()})[0] for k in range(8)])
    return float(np.abs(ours - theirs).max())


def learns(codes: dict[str, np.ndarray]) -> tuple[float, float]:
    """Trains for 30 steps on a few samples; the mean loss of the first five and of the last five."""
    from .train import BATCH, Run, batch_of, varied

    losses = []
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), seed=1, steps=STEPS, adversary=True, rate=RATE)
        for step in range(STEPS):
            rng = np.random.default_rng((1, step))
            chosen = rng.choice(len(codes["matte"]), BATCH)
            losses.append(run.learn(*varied(rng, *batch_of({k: v[chosen] for k, v in codes.items()}), 0.0))["loss"])
        run.save()
        again = Run(Path(folder), seed=1, steps=STEPS, adversary=True, rate=RATE)
        if again.step != STEPS:
            raise SystemExit("a run that was saved does not go on where it stopped")
    return float(np.mean(losses[:5])), float(np.mean(losses[-5:]))


def check(cache: Path, network: Path, card: Path) -> None:
    """Exits with what is wrong, or says what was found."""
    codes = some_samples(cache, SAMPLES)
    apart = is_read_back(codes, network)
    print(f"{network.name}, read back into what is trained, answers within {apart:.5f} of itself")
    if not apart < 0.01:
        raise SystemExit("a training can no longer begin from an exported network")
    before, after = learns(codes)
    print(f"{STEPS} steps of training: loss {before:.3f}, then {after:.3f}")
    if not after < 0.9 * before:
        raise SystemExit("training no longer learns")
    noted = json.loads(card.read_text())
    each = noted["each"]
    with tempfile.TemporaryDirectory() as folder:
        found = report(cache, network, Path(folder) / "report.json", each, None)["kinds"]
    wrong = []
    for kind, figures in noted["kinds"].items():
        for name, sign in (("iou", -1), ("painted", 1), ("bare", 1)):
            if name in figures and sign * (found[kind][name] - figures[name]) > SLACK * (2 if name == "iou" else 1):
                wrong.append(f"{kind}: {name} is {found[kind][name]}, the card says {figures[name]}")
    if wrong:
        raise SystemExit("the network is worse than its card says:\n  " + "\n  ".join(wrong))
    print(f"{network.name} is as good as its card says ({each} pictures a kind)")
