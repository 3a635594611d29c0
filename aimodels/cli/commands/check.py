"""`aimodels check`: everything that can be wrong with a config, before anything is started."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from aimodels.cli.choice_lines import wrapped
from aimodels.cli.console import Console
from aimodels.cli.cross_validating import one_fold
from aimodels.cli.pretraining import try_pretraining
from aimodels.config import examples
from aimodels.config.loading import Loaded, load, to_yaml
from aimodels.config.writing import differences, dumped
from aimodels.errors import AnswerIsNo, DataError
from aimodels.events import warn

if TYPE_CHECKING:
    from aimodels.data.dataset import Dataset
    from aimodels.training.dry_run import DryRun

GROUP = "more"
INDENT = 11


def command(
    console: Console,
    config: Annotated[str, Argument(metavar="CONFIG", help="A YAML file, or the name of a shipped config.")],
    changes: Annotated[
        list[str] | None, Argument(metavar="[KEY=VALUE]...", help="Changes of the config: train.epochs=3")
    ] = None,
    set_: Annotated[list[str] | None, Option("-s", "--set", metavar="KEY=VALUE", help="The same, for scripts.")] = None,
    no_data: Annotated[bool, Option("--no-data", help="Do not read the data.")] = False,
    build: Annotated[bool, Option("--build", help="Also build the model and try one batch; loads TensorFlow.")] = False,
    resolved: Annotated[bool, Option("--resolved", help="Print the config with every key and its value.")] = False,
    diff: Annotated[bool, Option("--diff", help="Print only the keys that are not at their default.")] = False,
) -> dict[str, Any]:
    """Check a config and its data without training.

    Examples:
      aimodels check configs/quickstart.yaml
      aimodels check mnist_cnn train.epochs=3 --build
      aimodels check my.yaml --diff --no-data

    Raises:
        ConfigError: the config has mistakes; all of them are shown.
        AnswerIsNo: the config is right and the data is not.
    """
    loaded = load(examples.find(config), overrides=[*(changes or ()), *(set_ or ())])
    console.answer({"config": loaded.config.model_dump(mode="json")})
    if resolved or diff:
        text = (to_yaml(loaded.config) if resolved else dumped(differences(loaded.config))).rstrip()
        console.out(text)
        console.essential(text)
        return {}
    for line in (f"syntax   {loaded.path}", "keys     all known", "values   all allowed"):
        _wrapped(console, f"✓ {line}")
    if loaded.config.train.folds:
        console.out(f"✓ folds    {loaded.config.train.folds}, each a run of its own; the first of them:")
        loaded = one_fold(loaded)
    pretraining = _check_without_data(loaded, console=console, download=not no_data)
    if not no_data:
        pretraining = _check_data(loaded, console=console, build=build)
    if build and pretraining:
        console.answer(try_pretraining(console, loaded))
    elif build:
        _check_model(loaded, console=console)
    console.essential(str(loaded.path))
    return {}


def _check_without_data(loaded: Loaded, *, console: Console, download: bool) -> bool:
    """What data have no part in, such as the encoder, which is downloaded if need be and allowed.

    Gives whether the config is for a pre-training, as far as it says so.
    """
    from aimodels.cli.encoder_lines import as_json, facts_of, lines, only_on_the_hub
    from aimodels.data.suitability import check_without_data, has_targets
    from aimodels.pretraining.ability import check_pretraining_without_data

    pretraining = loaded.config.pretrain is not None or not has_targets(loaded.config)
    name = "" if download else only_on_the_hub(loaded)
    if name:
        message = f"the encoder {name} is not in the cache of the hub, and nothing of it was looked at"
        warn("AM578", message, help="leave out --no-data, and it is downloaded and looked at")
        return pretraining
    check = check_pretraining_without_data if pretraining else check_without_data
    check(loaded.config)
    facts = facts_of(loaded, pretraining=pretraining)
    if facts is not None:
        first, *rest = lines(facts)
        for line in [f"✓ encoder  {first}", *(f"           {line}" for line in rest)]:
            _wrapped(console, line)
        console.answer({"encoder": as_json(facts)})
    return pretraining


def _wrapped(console: Console, line: str) -> None:
    """Write a line: on a terminal on as many as it needs, each below what the first one says."""
    parts = wrapped(line, width=console.width, indent=INDENT) if console.is_terminal else [line]
    for part in parts:
        console.out(part)


def _check_data(loaded: Loaded, *, console: Console, build: bool) -> bool:
    """Read the data; gives whether it is for a pre-training: there is a section for it, or there are no targets."""
    from aimodels.data.loading import load_dataset

    options = loaded.config.data
    try:
        dataset = load_dataset(options, seed=loaded.config.seed)
    except DataError as error:
        raise AnswerIsNo(error.message, code=error.code, help=error.help, notes=error.notes) from error
    splits = {split.name: len(split) for split in (dataset.train, dataset.validation, dataset.test) if split}
    sizes = ", ".join(f"{count:,} {name}" for name, count in splits.items())
    _wrapped(console, f"✓ data     {options.name}: {sizes}")
    for what, count in dataset.provenance.counts.items():
        console.out(f"           {what}: {count:,}")
    for line in dataset.inferred:
        _wrapped(console, f"           {line}")
    pretraining = _check_fit(loaded, dataset)
    what = "pre-training" if pretraining else "training"
    console.out(f"✓ fit      model and {what} suit the data{'' if build else '; --build also builds the model'}")
    classes = _class_counts(dataset)
    if classes:
        _wrapped(console, f"✓ classes  {len(classes)}, {_spread(classes)}")
    facts: dict[str, Any] = {"name": options.name, "task": dataset.target.task, "splits": splits, "classes": classes}
    numbers = _spread_of_numbers(dataset)
    if numbers:
        console.out(f"✓ target   {_in_words(numbers, unit=dataset.target.unit)}")
        facts["target"] = numbers
    inferred = dataset.resolved.model_dump(mode="json") if dataset.resolved is not None else None
    console.answer({"data": facts | {"inferred": list(dataset.inferred), "resolved": inferred}})
    return pretraining


def _check_fit(loaded: Loaded, dataset: "Dataset") -> bool:
    from aimodels.data.pretraining_suitability import check_suits_pretraining
    from aimodels.data.suitability import check_suits

    pretraining = loaded.config.pretrain is not None or dataset.target.task == "none"
    check = check_suits_pretraining if pretraining else check_suits
    check(loaded.config, dataset=dataset)
    return pretraining


def _spread(classes: Mapping[str, int]) -> str:
    least, most = min(classes, key=classes.__getitem__), max(classes, key=classes.__getitem__)
    if classes[least] == classes[most]:
        return f"{classes[least]:,} training examples each"
    return f"{classes[least]:,} ({least}) to {classes[most]:,} ({most}) training examples each"


def _class_counts(dataset: "Dataset") -> dict[str, int]:
    """Training examples per class; empty where numbers are predicted."""
    from aimodels.data.class_counts import examples_per_class

    names = dataset.target.class_names
    if not names:
        return {}
    return dict(zip(names, examples_per_class(dataset.train, num_classes=len(names)), strict=True))


def _spread_of_numbers(dataset: "Dataset") -> dict[str, float]:
    """Where the numbers that are predicted lie, in the training split; empty where classes are."""
    if dataset.target.task != "regression":
        return {}
    targets = dataset.train.targets
    spread = {"mean": targets.mean(), "deviation": targets.std(), "least": targets.min(), "most": targets.max()}
    return {name: float(value) for name, value in spread.items()}


def _in_words(numbers: Mapping[str, float], *, unit: str | None) -> str:
    shown = {name: f"{value:,.6g}" for name, value in numbers.items()}
    unit = f" {unit}" if unit else ""
    return f"{shown['least']} to {shown['most']}{unit}, mean {shown['mean']}, deviation {shown['deviation']}"


def _check_model(loaded: Loaded, *, console: Console) -> None:
    from aimodels.distribution.tensorflow_start import start_tensorflow

    start_tensorflow(log=None, device=loaded.config.train.device)
    from aimodels.training.dry_run import dry_run

    found: DryRun = dry_run(loaded)
    console.out(f"✓ model    {loaded.config.model.name}: {found.num_parameters:,} parameters")
    console.out(f"✓ loss     {found.loss:.4f} on one batch, finite")
    facts = {"num_parameters": found.num_parameters, "output_shape": list(found.output_shape), "loss": found.loss}
    console.answer({"model": {"name": loaded.config.model.name, **facts}})
