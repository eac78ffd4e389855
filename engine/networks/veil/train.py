"""Training: seeded, resumable, with its progress on the screen and in a file."""

import json
import time
from pathlib import Path

import numpy as np
import torch

from . import sample
from .export import read_back
from .net import CHANNELS, Discriminator, Veil, loss_of
from .pool import Pool

BATCH = 32
RATE = 2e-3
"""Greatest learning rate of AdamW, where none is given; it falls to a twentieth in a straight line."""
MEAN = 0.997
"""Of the running mean of weights, a step."""
ADVERSARY_FROM = 0.6
"""Share of the training after which the discriminator is asked."""
LAST_FROM, LAST = 0.5, 0.4
"""Share of the training after which last mattes are given, and in which share of the pictures. Given from the start in half of
them they were copied, and the network hardly learned to look: see MODEL_CARD.md, trial 1."""


def batch_of(codes: dict[str, np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    """Samples' codes to the network's input (n x 8 x 128 x 128) and the wanted matte (n x 1 x 128 x 128)."""
    n, side = len(codes["matte"]), sample.SIDE
    x = np.zeros((n, CHANNELS, side, side), np.float32)
    # cv2 reads b, g, r; the engine has R, G, B.
    x[:, 0:3] = codes["crop"][..., ::-1].transpose(0, 3, 1, 2)
    x[:, 3:6] = codes["uv_mask"].transpose(0, 3, 1, 2)
    x[:, 6] = codes["last"]
    matte = codes["matte"][:, None].astype(np.float32)
    return torch.from_numpy(x / 255), torch.from_numpy(matte / 255)


def varied(
    rng: np.random.Generator, x: torch.Tensor, matte: torch.Tensor, last: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch mirrored, moved and lit anew, so that a sample of the pool is never seen twice alike. Only a share `last`
    keeps its last matte: the network must do without one."""
    n = len(x)
    draw = lambda low, high, *shape: torch.from_numpy(rng.uniform(low, high, (n, *shape)).astype(np.float32))
    mirrored = torch.from_numpy(rng.random(n) < 0.5)
    x[mirrored], matte[mirrored] = x[mirrored].flip(3), matte[mirrored].flip(3)
    u = 1 - x[mirrored, 3]
    x[mirrored, 3] = torch.where(x[mirrored, 5] > 0.5, u, 0)
    dx, dy = (int(v) for v in rng.integers(-6, 7, 2))
    x, matte = (torch.roll(t, (dy, dx), (2, 3)) for t in (x, matte))
    colour = x[:, :3]
    colour = colour * torch.exp(draw(-0.3, 0.25, 1, 1, 1)) * torch.exp(0.1 * draw(-1, 1, 3, 1, 1))
    colour = colour.clamp(0, 1) ** torch.exp(draw(-0.2, 0.2, 1, 1, 1))
    if rng.random() < 0.5:
        colour = colour + draw(0, 0.02, 1, 1, 1) * torch.from_numpy(rng.standard_normal(colour.shape, np.float32))
    x[:, :3] = colour.clamp(0, 1)
    x[torch.from_numpy(rng.random(n) >= last), 6] = 0
    return x, matte


def _half():
    """Convolutions in bfloat16, twice as fast on CPUs that have it; sums, normalisation's statistics and losses stay in float."""
    return torch.autocast("cpu", torch.bfloat16)


class Run:
    """One training run in a folder: weights, state and a line of figures every 200 steps."""

    def __init__(
        self, folder: Path, seed: int, steps: int, adversary: bool, branch: Path | None = None,
        start: Path | None = None, rate: float = RATE, crops: torch.Tensor | None = None
    ):
        self.folder, self.seed, self.steps, self.adversary, self.rate = folder, seed, steps, adversary, rate
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(seed)
        channels_last = lambda net: net.to(memory_format=torch.channels_last)
        self.net, self.mean, self.judge = (channels_last(net) for net in (Veil(), Veil(), Discriminator()))
        if start and start.is_file():
            count = read_back(self.net, start, crops)
            print(f"starts with the {count} arrays of {start}", flush=True)
        elif start:
            self._start_from(start / "state.pt")
        self.mean.load_state_dict(self.net.state_dict())
        self.optimiser = torch.optim.AdamW(self.net.parameters(), RATE, weight_decay=1e-4)
        self.judge_optimiser = torch.optim.Adam(self.judge.parameters(), 1e-3, (0.5, 0.99))
        self.step = 0
        if (folder / "state.pt").exists():
            self._resume(folder / "state.pt")
        elif branch:
            self._resume(branch / "branch.pt")

    def _start_from(self, path: Path) -> None:
        """Takes the weights of another run where that has layers of the same name and shape."""
        theirs = torch.load(path, weights_only=torch.__version__ >= "2")["mean"]
        own = self.net.state_dict()
        fitting = {name: value for name, value in theirs.items() if name in own and own[name].shape == value.shape}
        self.net.load_state_dict(own | fitting)
        print(f"starts with {len(fitting)} of {len(own)} arrays of {path}", flush=True)

    def _parts(self) -> dict:
        names = ("net", "mean", "judge", "optimiser", "judge_optimiser")
        return {name: getattr(self, name) for name in names}

    def _resume(self, path: Path) -> None:
        # Before 2.0 such a load knows no plain numbers; the files are our own.
        state = torch.load(path, weights_only=torch.__version__ >= "2")
        adversary = self.adversary if path.name == "branch.pt" else state["adversary"]
        if (state["seed"], adversary, state["steps"]) != (self.seed, self.adversary, self.steps):
            raise SystemExit(f"{path} is of another run (seed {state['seed']}, {state['steps']} steps): choose another folder")
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.step = state["step"]
        print(f"goes on at step {self.step}", flush=True)

    def save(self, name: str = "state.pt") -> None:
        """Writes the state whole or not at all."""
        state = {name: part.state_dict() for name, part in self._parts().items()}
        state |= {"step": self.step, "seed": self.seed, "adversary": self.adversary, "steps": self.steps}
        torch.save(state, self.folder / "state.part")
        (self.folder / "state.part").replace(self.folder / name)

    def learn(self, x: torch.Tensor, matte: torch.Tensor) -> dict:
        """One step."""
        done = self.step / self.steps
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * min(1.0, (self.step + 1) / 200) * (1 - 0.95 * min(done, 1.0))
        self.net.train()
        x = x.contiguous(memory_format=torch.channels_last)
        with _half():
            logits = self.net(x)
        logits = logits.float()
        loss = loss_of(logits, matte, x[:, 5:6])
        figures = {"loss": float(loss)}
        if self.adversary and done >= ADVERSARY_FROM:
            loss, figures["judge"] = self._with_judge(x, matte, logits, loss)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
        self.optimiser.step()
        self.step += 1
        self._take_mean()
        return figures

    def _take_mean(self) -> None:
        keep = min(MEAN, self.step / (self.step + 10))
        with torch.no_grad():
            for old, new in zip(self.mean.state_dict().values(), self.net.state_dict().values()):
                if old.is_floating_point():
                    old.lerp_(new, 1 - keep)
                else:
                    old.copy_(new)

    def _with_judge(self, x, matte, logits, loss):
        shown = lambda m: torch.cat([x[:, :3], m * x[:, 5:6], x[:, 5:6], x[:, 3:4]], 1)
        guess = torch.sigmoid(logits)
        with _half():
            real, _ = self.judge(shown(matte))
            fake, _ = self.judge(shown(guess.detach()))
        judged = torch.relu(1 - real).mean() + torch.relu(1 + fake).mean()
        self.judge_optimiser.zero_grad()
        judged.backward()
        self.judge_optimiser.step()
        with _half():
            fake, fake_features = self.judge(shown(guess))
        with torch.no_grad(), _half():
            _, real_features = self.judge(shown(matte))
        alike = sum((a - b).abs().mean() for a, b in zip(fake_features, real_features))
        return loss - 0.03 * fake.mean() + 1.0 * alike, float(judged)


def train(
    cache: Path, folder: Path, seed: int, steps: int, adversary: bool, threads: int, branch: Path | None, start: Path | None,
    rate: float = RATE
) -> Run:
    """Trains, or goes on where the folder's run stopped, or where the discriminator would have come in in another run; with
    `start`, anew from the weights of another run or of an exported network."""
    torch.set_num_threads(threads)
    pool = Pool(cache)
    crops, _ = batch_of(pool.batch(np.random.default_rng(seed), 8 * BATCH))
    run = Run(folder, seed, steps, adversary, branch, start, rate, crops)
    log = (folder / "log.jsonl").open("a")
    begun, first, sums = time.monotonic(), run.step, {}
    while run.step < steps:
        # Each step draws from a seed of its own, so that a run that was broken off goes on as it would have.
        rng = np.random.default_rng((seed, run.step))
        last = LAST if run.step >= LAST_FROM * steps else 0.0
        for key, value in run.learn(*varied(rng, *batch_of(pool.batch(rng, BATCH)), last)).items():
            sums.setdefault(key, []).append(value)
        if run.step % 200 == 0 or run.step == steps:
            rate = (run.step - first) * BATCH / (time.monotonic() - begun)
            line = {"step": run.step, "of": steps, "pictures_s": round(rate, 1)}
            line |= {key: round(float(np.mean(values)), 4) for key, values in sums.items()}
            print(f"{json.dumps(line)}  {(steps - run.step) * BATCH / rate / 60:.0f} min to go", flush=True)
            log.write(json.dumps(line) + "\n")
            log.flush()
            sums = {}
            pool.look()
        if run.step % 500 == 0:
            run.save()
        if run.step == round(ADVERSARY_FROM * steps):
            run.save("branch.pt")
    run.save()
    return run
