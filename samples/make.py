"""Makes photographs of invented medical papers, with the truth about each. Without a command: the three of the demo.

Start reading at `main`; what a picture is made of: `generator/__init__.py`.
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from generator import demo, picture, sets


def main():
    args = arguments()
    if args.set is None:
        demo.main()
    else:
        make_set(args)


def make_set(args):
    args.out.mkdir(parents=True, exist_ok=True)
    wanted = range(args.count) if args.only is None else [args.only]
    with ProcessPoolExecutor(args.jobs) as pool:
        made = pool.map(partial(write, args), wanted) if args.jobs > 1 else map(partial(write, args), wanted)
        with open(args.out / "truth.jsonl", "w", encoding="utf-8") as truth:
            for line in made:
                truth.write(json.dumps(line, ensure_ascii=False) + "\n")
    if args.set == "twins" and args.only is None:
        write_pairs(args)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="set")
    for name, meaning in [
        ("documents", "documents of each kind in turn"),
        ("quality", "good and bad photographs, on both sides of each threshold"),
        ("twins", "the same page again, edited, and its neighbours"),
    ]:
        command = commands.add_parser(name, help=meaning)
        command.add_argument("--count", type=int, default=24, help="pictures (24)")
        command.add_argument("--seed", type=int, default=1, help="another seed is another set (1)")
        command.add_argument("--only", type=int, help="make only the picture of this index")
        command.add_argument("--megapixels", type=float, help="size of each picture; without it as the phone has, 8 to 12")
        command.add_argument("--jobs", type=int, default=1, help="processes (1)")
        command.add_argument("--out", type=Path, required=True, help="folder for the pictures and truth.jsonl")
    documents = commands.choices["documents"]
    documents.add_argument("--level", choices=["flat", *sets.LEVELS, "mixed"], default="mixed", help="how badly they are taken (mixed: in turn)")
    documents.add_argument("--kinds", nargs="+", choices=sets.KINDS, default=sets.KINDS[:-1], help="without it every kind of document")
    documents.add_argument("--edited", type=float, default=0.1, help="share of bills and sheets with an amount written over (0.1)")
    return parser.parse_args()


def spec(args, index):
    if args.set == "documents":
        return sets.documents(args.seed, index, args.level, args.kinds, args.megapixels, args.edited)
    return (sets.quality_of if args.set == "quality" else sets.twin)(args.seed, index, args.megapixels)


def write(args, index):
    """Writes one picture and returns its line of truth."""
    wanted = spec(args, index)
    data, truth = picture.make(wanted)
    (args.out / wanted.file).write_bytes(data)
    return {"file": wanted.file, "set": args.set, "seed": args.seed, "index": index, **truth}


def write_pairs(args):
    with open(args.out / "pairs.jsonl", "w", encoding="utf-8") as out:
        for left, right, relation in sets.pairs(args.count):
            out.write(json.dumps({"a": spec(args, left).file, "b": spec(args, right).file, "relation": relation}) + "\n")


if __name__ == "__main__":
    main()
