"""`aimodels doctor`: whether this machine, or one run, is in order, and what more replicas would bring."""

from collections.abc import Iterable
from typing import Annotated, Any

from typer import Argument, Option

from aimodels.cli import training_options as options
from aimodels.cli.console import Console
from aimodels.cli.machine_checks import check_machine
from aimodels.cli.scaling import NETWORK, predict_scaling, wanted
from aimodels.config.examples import find
from aimodels.config.loading import load
from aimodels.errors import AnswerIsNo, UsageError
from aimodels.runs.checking import Check, check_run
from aimodels.runs.listing import find_run

GROUP = "more"
MARKS = {"ok": "✓", "warning": "!", "error": "✗"}


def command(
    console: Console,
    words: Annotated[
        list[str] | None,
        Argument(metavar="[RUN|KEY=VALUE...]", help="A run to check; with --scaling changes of the config."),
    ] = None,
    scaling: Annotated[
        str | None, Option("--scaling", metavar="CONFIG", help="Measure, and predict the speed on several replicas.")
    ] = None,
    set_: options.Set = None,
    workers: Annotated[
        str | None, Option("--workers", metavar="N,N", help="Numbers of replicas; default: 1,2,8,64.")
    ] = None,
    network: Annotated[
        str | None, Option("--network", metavar="SPEED", help=f"Between machines: {NETWORK} (the default), 1.25GB/s.")
    ] = None,
    no_local: Annotated[bool, Option("--no-local", help="Start no local workers to measure with.")] = False,
) -> dict[str, Any]:
    """Check this machine or the files of a run; predict how a training scales.

    Examples:
      aimodels doctor
      aimodels doctor latest
      aimodels doctor --scaling mnist_cnn --network 25Gbit

    Raises:
        UserError: the machine or the run is not in order, or the options make no sense.
    """
    if scaling is not None:
        loaded = load(find(scaling), overrides=[*(words or ()), *(set_ or ())])
        asked = wanted(loaded.config.train, workers=workers, network=network or NETWORK, local=not no_local)
        return predict_scaling(console, loaded, asked=asked)
    options = {"--workers": workers, "--network": network, "--no-local": no_local, "--set": set_}
    given = [name for name, value in options.items() if value]
    if given or len(words or ()) > 1:
        raise UsageError(
            f"{given[0]} needs --scaling" if given else "without --scaling `aimodels doctor` takes one run, or nothing",
            code="AM444",
            help="to predict how a training scales: aimodels doctor --scaling CONFIG [KEY=VALUE]...",
        )
    return _check(console, run=words[0] if words else None)


def _check(console: Console, *, run: str | None) -> dict[str, Any]:
    found: Iterable[Check] = check_run(find_run(run, runs_dir=console.runs_dir)) if run else check_machine(console)
    checks = []
    for check in found:
        checks.append(check)
        advice = f"\n{'':24}{check.help}" if check.help else ""
        console.out(f"{MARKS[check.state]} {check.name:<20}  {check.message}{advice}")
    document = {"checks": checks}
    console.answer(document)
    wrong = [check.name for check in checks if check.state == "error"]
    console.essential("not ok" if wrong else "ok")
    if wrong:
        subject = f"run {run}" if run else "machine"
        raise AnswerIsNo(
            f"this {subject} is not in order: {', '.join(wrong)}", code="AM701", help="see the lines marked ✗"
        )
    return document
