"""The states of an encoder as `transformers` and PyTorch compute them, to compare with.

Run as `python hf_encoder.py ENCODER INPUT OUTPUT.npz`. ENCODER is a folder in Hugging Face layout. INPUT is a JSON
list of texts, or of pairs of texts, which its tokenizer reads; or an .npz with `ids` and `mask`, int [N, T], and
`segments` where there are any. OUTPUT holds `ids`, `mask` and `segments` int64 [N, T], padded with 0 on the right, and
`states` float32 [N, T, H] of the last block, which mean nothing where `mask` is 0. Knows nothing of aimodels.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import transformers

Arrays = dict[str, npt.NDArray[np.int64]]


def read(encoder: Path, path: Path, *, max_length: int) -> Arrays:
    """What goes into the network: `ids`, `mask`, `segments` [N, T]."""
    if path.suffix == ".npz":
        with np.load(path) as stored:
            given = {name: stored[name].astype(np.int64) for name in {"ids", "mask", "segments"} & set(stored.files)}
        return {"segments": np.zeros_like(given["ids"])} | given
    texts = json.loads(path.read_text(encoding="utf-8"))
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder)
    told = tokenizer(
        texts, padding=True, truncation="longest_first", max_length=max_length, return_token_type_ids=True,
        return_tensors="np",
    )  # fmt: skip
    named = {"ids": "input_ids", "mask": "attention_mask", "segments": "token_type_ids"}
    return {ours: told[theirs].astype(np.int64) for ours, theirs in named.items()}


def states(encoder: Path, arrays: Arrays, *, batch_size: int) -> npt.NDArray[np.float32]:
    """The last hidden state [N, T, H], without dropout, in float32."""
    model = transformers.AutoModel.from_pretrained(encoder, dtype=torch.float32).eval()
    found = []
    for start in range(0, len(arrays["ids"]), batch_size):
        ids, mask, segments = (
            torch.from_numpy(arrays[name][start : start + batch_size]) for name in ("ids", "mask", "segments")
        )
        # DistilBERT tells no segments apart, and takes none.
        known = {"token_type_ids": segments} if getattr(model.config, "type_vocab_size", 0) else {}
        with torch.no_grad():
            found.append(model(input_ids=ids, attention_mask=mask, **known).last_hidden_state.numpy())
    return np.concatenate(found)


def main() -> None:
    """Read, compute, write down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder", type=Path)
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--max-length", type=int, default=256, help="of a text, in pieces")
    parser.add_argument("--batch-size", type=int, default=16)
    options = parser.parse_args()
    arrays = read(options.encoder, options.input, max_length=options.max_length)
    found = states(options.encoder, arrays, batch_size=options.batch_size)
    np.savez(
        options.output, ids=arrays["ids"], mask=arrays["mask"], segments=arrays["segments"], states=found
    )  # fmt: skip


if __name__ == "__main__":
    main()
