"""The steps of `aimodels export`: one format after the other, each shown with what it takes and how exact it is."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aimodels import discovery
from aimodels.cli.console import Console
from aimodels.cli.formatting import size
from aimodels.cli.problems import printable
from aimodels.data.excerpts import num_columns
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from aimodels.exporting import Exported

MOST_COLUMNS = 40


def export_formats(run: RunFolder, formats: Sequence[str], **request: Any) -> dict[str, "Exported"]:
    """Export a run in some formats; a wrong name is found before TensorFlow is loaded.

    Raises:
        ConfigError: there is no format of that name.
        FailedError: an export does not answer like the run.
    """
    for name in formats:
        if name not in discovery.names("formats"):
            raise discovery.unknown("formats", name)

    from aimodels.distribution.tensorflow_start import start_tensorflow

    start_tensorflow()

    from aimodels.exporting import ExportRequest, export_run

    return {name: export_run(run, ExportRequest(format=name, **request)) for name in formats}


def show(console: Console, name: str, exported: "Exported") -> None:
    """Tell where the export is, what it takes and gives, and how far it is from the run."""
    console.out(f"{name}   {exported.path}   {size(exported.num_bytes)}")
    for signature in exported.signature:
        console.out(f"  {signature['signature']}")
        console.out(f"    takes   {signature['input']}")
        _show_columns(console, signature.get("columns", ()))
        console.out(f"    gives   {signature['outputs']}")
    if exported.max_abs_diff is None:
        console.out("  not verified: --verify 0")
    else:
        console.out(
            f"  verified in a clean process on {exported.num_verified:,} examples: "
            f"largest {'relative ' if exported.is_relative else ''}difference to the run {exported.max_abs_diff:.1e}"
        )
    console.essential(str(exported.path))


def _show_columns(console: Console, columns: Sequence[Mapping[str, Any]]) -> None:
    """A line per column, with its argument where that is another word."""
    width = max((num_columns(printable(column["name"])) for column in columns[:MOST_COLUMNS]), default=0)
    for column in columns[:MOST_COLUMNS]:
        name = printable(column["name"])
        padding = " " * (width - num_columns(name))
        other = f"as {column['argument']}" if column["argument"] != column["name"] else ""
        console.out(f"              {name}{padding}   {column['dtype']:<7}   {other}".rstrip())
    if len(columns) > MOST_COLUMNS:
        console.out(f"              ... ({len(columns):,} columns; all of them: assets.extra/signature.json)")
