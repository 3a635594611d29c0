"""`aimodels runs ls`: the runs of a folder as a table."""

from collections.abc import Sequence
from typing import Annotated, Any

from rich.cells import cell_len
from typer import Option

from aimodels.cli import run_cells
from aimodels.cli.console import Console
from aimodels.cli.summary import listed
from aimodels.cli.tables import BETWEEN, Form, table
from aimodels.runs.filtering import conditions
from aimodels.runs.listing import Record, all_runs, record
from aimodels.runs.naming import how_to_name
from aimodels.runs.resuming import resume_command

COLUMNS = "name,status,task,best,epochs,seconds,started,tags"
# Which of them a narrow terminal has no room for, in this order.
SPARED = ("tags", "task", "seconds", "started")


def command(
    console: Console,
    sort: Annotated[
        str, Option("--sort", help="time (newest first), name, best, or a metric such as val_loss.")
    ] = "time",
    filter: Annotated[
        str, Option("--filter", help='Conditions, all of which hold: "status=finished val_loss<0.1".')
    ] = "",
    columns: Annotated[str, Option("--columns", help="Columns by name: fields, metrics, config keys.")] = COLUMNS,
    only_changed: Annotated[
        bool, Option("--only-changed", help="Add the config keys that differ between the runs shown.")
    ] = False,
    limit: Annotated[int, Option("-n", "--limit", min=1, help="Show at most this many.")] = 20,
    csv: Annotated[bool, Option("--csv", help="Write CSV.")] = False,
    md: Annotated[bool, Option("--md", help="Write a Markdown table.")] = False,
) -> dict[str, Any]:
    """List the runs, newest first.

    Examples:
      aimodels runs ls
      aimodels runs ls --sort val_accuracy --filter "status=finished tag=final"
      aimodels runs ls --only-changed --csv > runs.csv
    """
    wanted = conditions(filter)
    records = [record(run) for run in all_runs(console.runs_dir)]
    kept = [found for found in records if all(condition.holds(found) for condition in wanted)]
    shown = run_cells.in_order(kept, by=sort)[:limit]
    names = [name.strip() for name in columns.split(",") if name.strip()]
    names += run_cells.changed_keys(shown) if only_changed else []
    form: Form = "csv" if csv else "markdown" if md else "text"
    if form == "text" and columns == COLUMNS and not only_changed:
        names = _fitting(console, names, shown)
    rows = [[run_cells.cell(found, name, exact=csv) for name in names] for found in shown]
    if shown:
        console.out(table(console, headers=names, rows=rows, form=form))
        console.essential("\n".join(found.name for found in shown))
    for found in shown:
        if found.status == "lost" or (found.status == "failed" and found.epochs_done):
            what = "is lost" if found.status == "lost" else "has failed"
            console.note(
                f"{found.name} {what}; go on with it: {resume_command(found.run, name=how_to_name(found.run))}"
            )
    if len(shown) < len(records):
        console.note(f"{len(shown)} of {len(records)} runs in {console.runs_dir}; -n and --filter choose")
    elif not records:
        console.note(f"no runs in {console.runs_dir}; make one: aimodels train quickstart")
    return {"runs": [listed(found) for found in shown], "total": len(records)}


def _fitting(console: Console, names: list[str], shown: Sequence[Record]) -> list[str]:
    """The columns that a terminal has room for; says which it has none for."""
    rows = [[run_cells.cell(found, name, exact=False) for name in names] for found in shown]
    widths = {
        name: max(map(cell_len, [name, *cells])) for name, cells in zip(names, zip(*rows, strict=True), strict=False)
    }
    left_out: list[str] = []
    for name in SPARED:
        if not console.is_terminal or sum(widths.values()) + BETWEEN * (len(widths) - 1) <= console.width:
            break
        left_out.append(name)
        del widths[name]
    if left_out:
        console.note(f"no room for {', '.join(left_out)}; --columns chooses")
    return [name for name in names if name not in left_out]
