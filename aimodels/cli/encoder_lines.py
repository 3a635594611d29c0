"""What `check` says of the encoder of a model: what it is, what it takes, what will become of it."""

from dataclasses import asdict, replace
from typing import Any

from aimodels import discovery
from aimodels.cli.formatting import size
from aimodels.config.loading import Loaded
from aimodels.config.wordpieces import RANDOM, EncoderReading
from aimodels.data.pretraining_suitability import READS, has_encoder
from aimodels.encoders.facts import EncoderFacts, FineTuning, encoder_facts
from aimodels.encoders.finding import encoder_of, is_at_hand

POOLED = {
    "mean": "the mean of its states",
    "max": "the largest of each number of its states",
    "attention": "a mean of its states with learned weights",
    "cls": "the state at [CLS]",
}
HIDDEN_PIECES = "the whole encoder, by guessing hidden pieces"


def reading_of(loaded: Loaded) -> EncoderReading | None:
    """What the encoder is and how much of a text it reads; None where the model has no encoder."""
    model = loaded.config.model
    if not has_encoder(model.name):
        return None
    found: EncoderReading = discovery.plugin("architectures", model.name).reading(model, READS)
    return found


def only_on_the_hub(loaded: Loaded) -> str:
    """The name of the encoder, if nothing of it can be looked at before it is downloaded."""
    reading = reading_of(loaded)
    return reading.encoder if reading is not None and not is_at_hand(reading.encoder) else ""


def facts_of(loaded: Loaded, *, pretraining: bool) -> EncoderFacts | None:
    """What there is to say of the encoder; None where the model has none."""
    reading, model = reading_of(loaded), loaded.config.model
    if reading is None:
        return None
    training = model if isinstance(model, FineTuning) and not pretraining else None
    epochs = loaded.config.train.epochs
    facts = encoder_facts(encoder_of(reading), reading=reading, training=training, epochs=epochs)
    return replace(facts, trains=HIDDEN_PIECES) if pretraining else facts


def lines(facts: EncoderFacts) -> list[str]:
    """The facts as people read them; the first line is about the encoder, the others about its use."""
    cased = "cased" if facts.cased else "uncased"
    sizes = f"{facts.blocks} blocks, hidden size {facts.size}, {facts.positions:,} positions"
    if facts.name == RANDOM:
        told = [f"random weights, {sizes}, at most {facts.vocabulary:,} pieces of the training texts, {cased}"]
        weights = ""
    else:
        told = [f"{facts.family}, {sizes}, {facts.vocabulary:,} pieces, {cased}"]
        weights = f"{size(facts.file_bytes)} of weights; "
    told.append(f"{weights}at least {size(facts.memory_bytes)} of memory, without batches")
    told += [f"trains {facts.trains}"] if facts.trains else []
    pooled = f"; a text becomes {POOLED.get(facts.pooling, facts.pooling)}" if facts.pooling else ""
    return [*told, f"reads {facts.max_length:,} pieces of a text, from its {facts.keep}{pooled}"]


def as_json(facts: EncoderFacts) -> dict[str, Any]:
    """The same for programs; what is empty is not there."""
    return {key: value for key, value in asdict(facts).items() if value != ""}
