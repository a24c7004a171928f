"""Check a user's own causal LM and save it as the base model."""

import argparse
import json
import tempfile
from pathlib import Path

from mope.provenance.artifact import verified, write
from mope.runtime.cli import run
from mope.training.base_source import check_digest, packaged
from mope.training.gguf import convert, float32_bytes, read_header
from mope.training.imported import check_space, import_base


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--path", type=Path, help="folder of a Hugging Face causal LM with its tokenizer")
    source.add_argument("--gguf", type=Path, help="file with a causal LM and its tokenizer")
    source.add_argument("--package", type=packaged, dest="gguf", help="installed package that carries such a file")
    parser.add_argument(
        "--controllers", type=Path, nargs="*", default=[], help="folders of LLaMAs that PCMs begin from"
    )
    parser.add_argument(
        "--settings", type=json.loads, required=True, help="JSON: pad_token, grown; of a file also sha256"
    )
    parser.add_argument("--out", type=Path, required=True, help="model folder")
    args = parser.parse_args()
    settings, out = args.settings, args.out
    pad_token, controllers = settings["pad_token"], list(map(verified, args.controllers))
    if args.path:
        check_space(verified(args.path), out.parent)
        params = settings | {"path": args.path.as_posix()}
        with write(out, stage="import_base", params=params, seeds={}, inputs=[args.path, *controllers]) as tmp:
            import_base(args.path, pad_token, controllers, tmp, grown=settings["grown"])
        return
    check_space(args.gguf, out.parent, float32_bytes(read_header(args.gguf)))
    check_digest(args.gguf, settings["sha256"])
    params = settings | {"gguf": args.gguf.name}
    with (
        tempfile.TemporaryDirectory(dir=out.parent, prefix=".gguf.") as converted,
        write(out, stage="import_base", params=params, seeds={}, inputs=[args.gguf, *controllers]) as tmp,
    ):
        convert(args.gguf, Path(converted))
        import_base(Path(converted), pad_token, controllers, tmp, f"base from {args.gguf}", settings["grown"])


if __name__ == "__main__":
    run(main)
