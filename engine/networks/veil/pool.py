"""A pool of drawn samples on disk, from which runs train again and again: drawing costs more than learning. Sample n is
the same whenever it is drawn; a pool that was broken off is filled on."""

import multiprocessing
import os
import time
from pathlib import Path

import numpy as np

from . import pack as packs
from . import sample

SHAPES = {"crop": (3,), "uv_mask": (3,), "last": (), "matte": ()}
BLOCK = 100
"""Samples that are drawn and written together."""
POOL_SEED = 4


def _open(cache: Path, mode: str, count: int | None = None) -> dict[str, np.ndarray]:
    side = (sample.SIDE, sample.SIDE)
    shape = lambda end: None if count is None else (count, *side, *end)
    return {
        key: np.lib.format.open_memmap(cache / f"pool.{key}.npy", mode, np.uint8, shape(end))
        for key, end in SHAPES.items()
    }


def _fill(cache: str, blocks: list[int], done) -> None:
    pack, arrays = packs.load(Path(cache)), _open(Path(cache), "r+")
    begun_by = os.getppid()
    for block in blocks:
        if os.getppid() != begun_by:
            # Whoever asked for it was ended: nobody would note what is drawn.
            return
        for n in range(block * BLOCK, (block + 1) * BLOCK):
            one = sample.make(pack, (POOL_SEED, n), last=1.0)
            for key, array in arrays.items():
                array[n] = one[key]
        done.put(block)


def fill(cache: Path, count: int, workers: int) -> None:
    """Draws samples until there are `count`, with a line of progress every few seconds."""
    total = count // BLOCK
    ledger = cache / "pool.done.npy"
    if not ledger.exists() or len(np.load(ledger)) != total:
        _open(cache, "w+", total * BLOCK)
        np.save(ledger, np.zeros(total, bool))
    done = np.load(ledger)
    # Each process draws alone: threads of the numerical library only get in each other's way.
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    context = multiprocessing.get_context("spawn")
    reports, left = context.Queue(), [int(b) for b in np.flatnonzero(~done)]
    processes = [context.Process(target=_fill, args=(str(cache), left[k::workers], reports), daemon=True) for k in range(workers)]
    for process in processes:
        process.start()
    begun, told = time.monotonic(), 0.0
    for number in range(1, len(left) + 1):
        done[reports.get()] = True
        if time.monotonic() - told > 20 or number == len(left):
            told = time.monotonic()
            rate = number * BLOCK / (told - begun)
            print(f"{int(done.sum()) * BLOCK} of {total * BLOCK} drawn, {rate:.0f} a second, "
                  f"{(len(left) - number) * BLOCK / rate / 60:.0f} min to go", flush=True)
            part = cache / "pool.done.part.npy"
            np.save(part, done)
            part.replace(ledger)


class Pool:
    """What is drawn of a pool so far."""

    def __init__(self, cache: Path):
        if not (cache / "pool.done.npy").exists():
            raise SystemExit(f"{cache}: no pool yet: run `python -m veil pool` first")
        self.cache, self.arrays = cache, _open(cache, "r")
        self.drawn = np.zeros(0, int)
        self.look()

    def look(self) -> None:
        """Looks again what is drawn by now."""
        blocks = np.flatnonzero(np.load(self.cache / "pool.done.npy"))
        self.drawn = (blocks[:, None] * BLOCK + np.arange(BLOCK)).reshape(-1)

    def batch(self, rng: np.random.Generator, size: int) -> dict[str, np.ndarray]:
        """Random samples, each array with the sample's number first."""
        chosen = np.sort(rng.choice(self.drawn, size))
        return {key: array[chosen] for key, array in self.arrays.items()}
