"""`python -m veil`: data, pool, train, export, report, check; each says with --help what it does."""

import argparse
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACK = HERE.parents[3] / "shared" / "training"
CACHE = Path.home() / ".cache" / "omote-veil"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m veil", description="Trains the network Veil.")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the prepared data lies (%(default)s)")
    commands = parser.add_subparsers(dest="command", required=True)
    data = commands.add_parser("data", help="read the training pack and keep it as arrays")
    data.add_argument("--pack", type=Path, default=PACK, help="the training pack (%(default)s)")
    data.add_argument("--small", action="store_true", help="only what `check` needs")
    pool = commands.add_parser("pool", help="draw the samples that runs train from, or go on drawing")
    pool.add_argument("--count", type=int, default=120_000, help="%(default)s samples take 16 GB")
    pool.add_argument("--workers", type=int, default=1, help="processes that draw (%(default)s)")
    sheet = commands.add_parser("sheet", help="draw training pictures and their mattes into a PNG, to be looked at")
    sheet.add_argument("out", type=Path)
    sheet.add_argument("--seed", type=int, default=1)
    sheet.add_argument("--kind", help="only this kind")
    train = commands.add_parser("train", help="train, or go on where the folder's run stopped")
    train.add_argument("run", type=Path, help="folder of the run")
    train.add_argument("--seed", type=int, default=1)
    train.add_argument("--steps", type=int, default=30_000, help="batches of 32 (%(default)s)")
    train.add_argument("--adversary", action="store_true", help="with the discriminator for the last 40 percent")
    train.add_argument("--branch", type=Path, help="begin where the discriminator would have come in in this other run")
    train.add_argument("--start", type=Path, help="begin with the weights of this other run, where they fit, or of an exported network, and train anew")
    train.add_argument("--rate", type=float, default=2e-3, help="greatest learning rate (%(default)s); less where only a little is to be learned anew")
    train.add_argument("--threads", type=int, default=1, help="(%(default)s)")
    export = commands.add_parser("export", help="write a run's network as ONNX")
    export.add_argument("run", type=Path)
    export.add_argument("out", type=Path)
    export.add_argument("--raw", action="store_true", help="the last weights instead of their running mean")
    report = commands.add_parser("report", help="measure an exported network on what was kept out")
    report.add_argument("network", type=Path)
    report.add_argument("--out", type=Path, default=Path("veil-report.json"))
    report.add_argument("--each", type=int, default=90, help="pictures a kind (%(default)s)")
    report.add_argument("--sheet", type=Path, help="PNG with the worst of each kind (real people: never publish it)")
    check = commands.add_parser("check", help="train for 30 steps, and compare the network's figures with the card's")
    check.add_argument("--network", type=Path, default=HERE.parent / "veil.onnx", help="(%(default)s)")
    check.add_argument("--card", type=Path, default=HERE.parent / "veil.json", help="the report that it was kept with (%(default)s)")
    args = parser.parse_args()

    if args.command == "data":
        from .pack import prepare

        prepare(args.pack, args.cache, args.small)
    elif args.command == "pool":
        from .pool import fill

        fill(args.cache, args.count, args.workers)
    elif args.command == "sheet":
        from .sheet import sheet as draw

        draw(args.cache, args.out, args.seed, args.kind)
    elif args.command == "train":
        from .train import train as run

        run(args.cache, args.run, args.seed, args.steps, args.adversary, args.threads, args.branch, args.start, args.rate)
    elif args.command == "export":
        from .export import export as write

        write(args.run, args.out, args.raw)
    elif args.command == "report":
        from .report import report as measure

        measure(args.cache, args.network, args.out, args.each, args.sheet)
    elif args.command == "check":
        from .check import check as run_checks

        run_checks(args.cache, args.network, args.card)


if __name__ == "__main__":
    main()
