"""The same networks in PyTorch, each random batch padded to its own longest text: what a PyTorch user writes by hand.

Knows nothing of aimodels. Reads an .npz file with `ids` (int64 [N, max_length], 0 is padding) and `targets`; prints one
JSON document: parameters, examples, when each epoch ended.
"""

import argparse
import json
import time
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence


class Lstm(nn.Module):
    """Embedding(10000, 64), LSTM 64, LSTM 64, Dense 64."""

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__()
        self.embedding = nn.Embedding(options.vocabulary, 64, padding_idx=0)
        self.lstm = nn.LSTM(64, 64, num_layers=2, batch_first=True)
        self.head = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, ids: Any) -> Any:
        """From ids [batch, length] to logits [batch, 1]."""
        # Padding is behind the words, so the state at the last word knows nothing of it. Packing is far slower here.
        states, _ = self.lstm(self.embedding(ids))
        last = (ids != 0).sum(1) - 1
        return self.head(states[torch.arange(len(ids)), last])


class Transformer(nn.Module):
    """One pre-norm block, 64 wide, 4 heads, 128 inside, mean over the words."""

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__()
        self.tokens = nn.Embedding(options.vocabulary, 64, padding_idx=0)
        self.positions = nn.Embedding(options.max_length, 64)
        self.dropout = nn.Dropout(options.dropout)
        self.block = nn.TransformerEncoderLayer(
            64, 4, 128, options.dropout, activation="gelu", batch_first=True, norm_first=True, layer_norm_eps=1e-6
        )
        # The other sides drop what a part of the block gives, not the weights of the attention nor the inner units.
        self.block.self_attn.dropout = 0.0
        self.block.dropout.p = 0.0
        self.norm = nn.LayerNorm(64, eps=1e-6)
        self.head = nn.Linear(64, 1)

    def forward(self, ids: Any) -> Any:
        """From ids [batch, length] to logits [batch, 1]."""
        is_padding = ids == 0
        flow = self.dropout(self.tokens(ids) + self.positions.weight[: ids.shape[1]])
        flow = self.norm(self.block(flow, src_key_padding_mask=is_padding))
        words = (~is_padding).unsqueeze(-1)
        return self.head(self.dropout((flow * words).sum(1) / words.sum(1)))


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=["lstm", "transformer"])
    parser.add_argument("--data", required=True)
    parser.add_argument("--vocabulary", type=int, required=True)
    parser.add_argument("--max-length", type=int, required=True)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    with np.load(options.data) as arrays:
        ids = [torch.from_numpy(row[row != 0]) for row in arrays["ids"]]
        targets = torch.from_numpy(arrays["targets"]).float()
    model: nn.Module = {"lstm": Lstm, "transformer": Transformer}[options.network](options)
    optimizer = torch.optim.Adam(model.parameters(), lr=options.learning_rate)
    loss_of = nn.BCEWithLogitsLoss()
    ended = []
    for _ in range(options.epochs):
        model.train()
        for chosen in torch.randperm(len(ids)).split(options.batch_size):
            batch = pad_sequence([ids[position] for position in chosen], batch_first=True)
            optimizer.zero_grad()
            loss = loss_of(model(batch)[:, 0], targets[chosen])
            loss.backward()
            optimizer.step()
        ended.append(time.time())
    parameters = sum(weights.numel() for weights in model.parameters())
    print(json.dumps({"num_parameters": parameters, "num_examples": len(ids), "epochs_ended_at": ended}))


if __name__ == "__main__":
    main()
