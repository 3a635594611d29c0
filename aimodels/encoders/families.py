"""The families of encoders that are understood: what their files call each weight, and their configs each size."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aimodels.encoders.encoder import Family

Defaults = Mapping[str, float | int | str]


@dataclass(frozen=True)
class Part:
    """A part of the network in a file: what it is called there, and here.

    `kind` is dense (`.weight` [outputs, inputs] and `.bias`), norm (`.weight` or `.gamma`, `.bias` or `.beta`) or
    table (one tensor, taken as it is).
    """

    theirs: str
    ours: str
    kind: str = "dense"


@dataclass(frozen=True)
class FamilyFiles:
    """What the files of a family say in which words.

    `sizes` maps a field of EncoderShape to its key in `config.json`, `defaults` to what the family's own program takes
    where that key is not there. Names are those without `prefix`, which a file may have or not; `{}` in a name of
    `block` is the block's number. `tied` is the table of the head that guesses words where it is stored a second time.
    A tensor that `ignored` matches says nothing that is not elsewhere in the file, or nothing of the encoder itself.
    """

    label: str
    prefix: str
    sizes: Mapping[str, str]
    outside: tuple[Part, ...]
    block: tuple[Part, ...]
    heads: tuple[Part, ...]
    ignored: re.Pattern[str]
    tied: str
    defaults: Defaults


BERT_SIZES = {
    "pieces": "vocab_size",
    "positions": "max_position_embeddings",
    "segments": "type_vocab_size",
    "size": "hidden_size",
    "blocks": "num_hidden_layers",
    "heads": "num_attention_heads",
    "feed_forward": "intermediate_size",
    "activation": "hidden_act",
    "epsilon": "layer_norm_eps",
    "dropout": "hidden_dropout_prob",
    "attention_dropout": "attention_probs_dropout_prob",
}
DEFAULTS: Defaults = {"activation": "gelu", "epsilon": 1e-12, "dropout": 0.1, "attention_dropout": 0.1}
BERT_DEFAULTS: Defaults = {**DEFAULTS, "segments": 2}
EMBEDDINGS = (
    Part("embeddings.word_embeddings.weight", "embeddings/word", "table"),
    Part("embeddings.position_embeddings.weight", "embeddings/position", "table"),
    Part("embeddings.LayerNorm", "embeddings/norm", "norm"),
)
BERT_OUTSIDE = (*EMBEDDINGS, Part("embeddings.token_type_embeddings.weight", "embeddings/segment", "table"))
BERT_BLOCK = (
    Part("encoder.layer.{}.attention.self.query", "query"),
    Part("encoder.layer.{}.attention.self.key", "key"),
    Part("encoder.layer.{}.attention.self.value", "value"),
    Part("encoder.layer.{}.attention.output.dense", "attention_output"),
    Part("encoder.layer.{}.attention.output.LayerNorm", "attention_norm", "norm"),
    Part("encoder.layer.{}.intermediate.dense", "inner"),
    Part("encoder.layer.{}.output.dense", "outer"),
    Part("encoder.layer.{}.output.LayerNorm", "outer_norm", "norm"),
)

BERT = FamilyFiles(
    label="BERT",
    prefix="bert.",
    sizes=BERT_SIZES,
    defaults=BERT_DEFAULTS,
    outside=BERT_OUTSIDE,
    block=BERT_BLOCK,
    heads=(
        Part("pooler.dense", "pooler"),
        Part("cls.predictions.transform.dense", "mlm/dense"),
        Part("cls.predictions.transform.LayerNorm", "mlm/norm", "norm"),
        Part("cls.predictions.bias", "mlm/bias", "table"),
        Part("cls.seq_relationship", "nsp"),
    ),
    tied="cls.predictions.decoder.weight",
    ignored=re.compile(r"embeddings\.(position_ids|token_type_ids)|cls\.predictions\.decoder\.bias"),
)
DISTILBERT = FamilyFiles(
    label="DistilBERT",
    prefix="distilbert.",
    sizes={
        "pieces": "vocab_size",
        "positions": "max_position_embeddings",
        "size": "dim",
        "blocks": "n_layers",
        "heads": "n_heads",
        "feed_forward": "hidden_dim",
        "activation": "activation",
        "dropout": "dropout",
        "attention_dropout": "attention_dropout",
    },
    defaults=DEFAULTS,
    outside=EMBEDDINGS,
    block=(
        Part("transformer.layer.{}.attention.q_lin", "query"),
        Part("transformer.layer.{}.attention.k_lin", "key"),
        Part("transformer.layer.{}.attention.v_lin", "value"),
        Part("transformer.layer.{}.attention.out_lin", "attention_output"),
        Part("transformer.layer.{}.sa_layer_norm", "attention_norm", "norm"),
        Part("transformer.layer.{}.ffn.lin1", "inner"),
        Part("transformer.layer.{}.ffn.lin2", "outer"),
        Part("transformer.layer.{}.output_layer_norm", "outer_norm", "norm"),
    ),
    heads=(
        Part("vocab_transform", "mlm/dense"),
        Part("vocab_layer_norm", "mlm/norm", "norm"),
        Part("vocab_projector.bias", "mlm/bias", "table"),
    ),
    tied="vocab_projector.weight",
    ignored=re.compile(r"embeddings\.position_ids"),
)
ELECTRA = FamilyFiles(
    label="ELECTRA",
    prefix="electra.",
    sizes={**BERT_SIZES, "embedding": "embedding_size"},
    defaults={**BERT_DEFAULTS, "embedding": 128},
    outside=(*BERT_OUTSIDE, Part("embeddings_project", "embeddings/projection")),
    block=BERT_BLOCK,
    heads=(
        Part("generator_predictions.dense", "mlm/dense"),
        Part("generator_predictions.LayerNorm", "mlm/norm", "norm"),
        Part("generator_lm_head.bias", "mlm/bias", "table"),
    ),
    tied="generator_lm_head.weight",
    # The discriminator's head says which pieces were replaced; nothing here asks that.
    ignored=re.compile(r"embeddings\.(position_ids|token_type_ids)|discriminator_predictions\..*"),
)
FAMILIES: dict[Family, FamilyFiles] = {"bert": BERT, "distilbert": DISTILBERT, "electra": ELECTRA}
