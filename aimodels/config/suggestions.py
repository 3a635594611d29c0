"""What a wrong key was probably meant to be. Suggested, never applied."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aimodels.config.fields import Field
from aimodels.config.key_paths import joined
from aimodels.config.wording import either, rule
from aimodels.errors import Suggestion

Path = tuple[str, ...]
Layout = Mapping[Path, Mapping[str, Field]]

MOST_KEYS_SHOWN = 8
CLOSE = 0.6
CLOSE_ENOUGH_ELSEWHERE = 0.85

# What other tools call our keys. A target that the config at hand does not have is passed over.
ALIASES = {
    "train.epochs": "epoch n_epochs num_epochs num_train_epochs max_epochs nb_epoch total_epochs",
    "train.batch_size": "bs batch mini_batch_size train_batch_size per_device_train_batch_size global_batch_size",
    "train.optimizer": "opt optim solver",
    "train.optimizer.learning_rate": "lr lrate base_lr lr0 init_lr initial_learning_rate learning_rate_init",
    "train.optimizer.weight_decay": "wd decay",
    "train.optimizer.schedule": "scheduler lr_scheduler lr_schedule lr_decay learning_rate_schedule lr_scheduler_type",
    "train.optimizer.schedule.warmup_epochs": "warmup num_warmup_epochs",
    "train.optimizer.clip": "gradient_clipping grad_clip gradient_clip",
    "train.optimizer.clip.norm": "clipnorm",
    "train.optimizer.clip.global_norm": "global_clipnorm max_grad_norm gradient_clip_val clip_grad_norm",
    "train.optimizer.clip.value": "clipvalue",
    "train.early_stopping": "early_stop earlystopping stop_early",
    "train.early_stopping.patience": "patience early_stopping_patience",
    "train.augment": "augmentation augmentations aug data_augmentation transforms",
    "train.class_weights": "class_weight weights",
    "train.label_smoothing": "smoothing",
    "train.precision": "mixed_precision amp fp16 bf16 dtype",
    "train.device": "gpu gpus devices accelerator",
    "train.max_time": "timeout time_limit max_hours",
    "train.xla": "jit_compile jit compile",
    "train.tensorboard": "tb",
    "data": "dataset dataset_config",
    "data.name": "dataset_name",
    "data.validation": "val_split validation_split val_fraction validation_fraction val_size valid_size val",
    "data.source": "path data_dir data_path root root_dir directory folder file",
    "data.path": "source data_dir data_path root root_dir directory folder",
    "data.limit": "max_samples max_train_samples num_samples subset",
    "model": "arch architecture network net backbone",
    "model.name": "model_name model_type",
    "model.dropout": "dropout_rate drop_rate",
    "model.hidden": "hidden_layers hidden_sizes hidden_units layers units",
    "model.filters": "channels num_filters widths",
    "model.initializer": "init initialiser kernel_initializer weight_init",
    "evaluate": "metrics evaluation eval test",
    "seed": "random_seed random_state manual_seed rng",
    "name": "run_name experiment experiment_name project exp_name",
}


@dataclass(frozen=True)
class Advice:
    """What to tell about a wrong key."""

    label: str = ""
    help: str = ""
    suggestions: tuple[Suggestion, ...] = ()
    other_section: Path | None = None


def folded(word: str) -> str:
    """A word without case, `-` and `_`."""
    return word.lower().replace("-", "").replace("_", "").replace(" ", "")


TARGETS: dict[str, list[Path]] = {}
for _target, _words in ALIASES.items():
    for _alias in _words.split():
        TARGETS.setdefault(folded(_alias), []).append(tuple(_target.split(".")))


def advice(key: str, *, under: Path, layout: Layout, others: Sequence[str] = ()) -> Advice:
    """The best guess at what `key` under the section `under` was meant to be, or which keys are allowed there.

    Tried in this order: the same letters here; a key that this section has under one of the names `others`; the word
    of another tool; the same key in another section; a close spelling here, then elsewhere.
    """
    here = layout[under]
    for name, field in here.items():
        if folded(name) == folded(key):
            return _rename(name, field, confidence="high")
    if others:
        return Advice(label=f"a key of {either(others, joined='and')} only", help=_keys_here(under, layout=layout))
    for target in (*TARGETS.get(folded(key), ()), *_places_of(key, layout=layout)):
        if target[:-1] in layout and target[-1] in layout[target[:-1]]:
            return _at(target, key=key, under=under, layout=layout)
    near = difflib.get_close_matches(key.lower(), here, n=1, cutoff=CLOSE)
    if near:
        return _rename(near[0], here[near[0]], confidence="medium")
    everywhere = {name: (*section, name) for section, names in layout.items() for name in names}
    far = difflib.get_close_matches(key.lower(), everywhere, n=1, cutoff=CLOSE_ENOUGH_ELSEWHERE)
    if far:
        return _at(everywhere[far[0]], key=key, under=under, layout=layout)
    return Advice(label="not a key here", help=_keys_here(under, layout=layout))


def _keys_here(section: Path, *, layout: Layout) -> str:
    return f"keys allowed {where(section)}: {', '.join(sorted(layout[section]))}"


def where(section: Path) -> str:
    """A section in a sentence: "under `train`", "at the top"."""
    return f"under `{joined(section)}`" if section else "at the top of the file"


def allowed(section: Path, *, layout: Layout) -> str:
    """A note with the keys of a section, the first few of them where there are many."""
    names = sorted(layout[section])
    shown = ", ".join(names[:MOST_KEYS_SHOWN])
    rest = f", ... ({len(names)})" if len(names) > MOST_KEYS_SHOWN else ""
    return f"keys allowed {where(section)}: {shown}{rest}"


def _places_of(key: str, *, layout: Layout) -> list[Path]:
    """Every section that has this very key, but for `name`, which many have."""
    if key == "name":
        return []
    return [(*section, key) for section, names in layout.items() if key in names]


def _rename(name: str, field: Field, *, confidence: str) -> Advice:
    return Advice(
        label=f"did you mean `{name}`?",
        help=f"rename it to `{name}` ({rule(field)})",
        suggestions=(Suggestion(name, confidence),),
    )


def _at(target: Path, *, key: str, under: Path, layout: Layout) -> Advice:
    """`target` may be here, below, or in another section."""
    section, name = target[:-1], target[-1]
    field = layout[section][name]
    if section == under:
        return _rename(name, field, confidence="high")
    full = joined(target)
    suggestions = (Suggestion(full),)
    if name != key:
        return Advice(
            label=f"did you mean `{full}`?",
            help=f"write it as `{name}` {where(section)} ({rule(field)})",
            suggestions=suggestions,
        )
    belongs = f"belongs {where(section)}"
    return Advice(label=belongs, help=f"move it to `{full}`", suggestions=suggestions, other_section=section)
