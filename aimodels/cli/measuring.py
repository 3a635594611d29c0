"""What `aimodels eval` does after the library's `evaluate`: pictures and words."""

from collections.abc import Sequence
from typing import Any

from aimodels.cli.console import Console
from aimodels.data.plurals import counted
from aimodels.drawing import Drawn, DrawRequest, draw_figures, kinds
from aimodels.errors import AnswerIsNo
from aimodels.evaluation.evaluate import Evaluation
from aimodels.evaluation.example_lines import hardest_lines, has_lines
from aimodels.evaluation.text_report import of_classes, single_numbers
from aimodels.evaluation.thresholds import Checked, Threshold, check
from aimodels.events import phase

MOST_CLASSES = 30
MOST_CONFUSIONS = 5
MOST_LINES = 3
MOST_COLUMNS = 5


def draw(evaluation: Evaluation) -> list[Drawn]:
    """The pictures of this evaluation."""
    with phase("drawing"):
        request = DrawRequest(kinds=kinds("evaluation"), split=evaluation.folder.name)
        return draw_figures([evaluation.run], request)


def tell(
    console: Console, evaluation: Evaluation, *, drawn: Sequence[Drawn], bars: Sequence[Threshold]
) -> dict[str, Any]:
    """Show what was found, and give it as the JSON document.

    Raises:
        AnswerIsNo: a bar was missed; the document was given to the console before.
    """
    checked = check(bars, metrics=evaluation.scores.metrics)
    document = _document(evaluation, drawn=drawn, checked=checked)
    console.answer(document)
    console.essential(repr(evaluation.scores.metrics[evaluation.scores.main]))
    console.out(_page(evaluation, drawn=drawn, checked=checked, width=console.width))
    missed = [bar for bar in checked if not bar.ok]
    if missed:
        raise AnswerIsNo(
            f"{evaluation.run.name} misses {len(missed)} of {len(checked)} bars: {'; '.join(map(str, missed))}",
            code="AM515",
            help=f"everything measured is in {evaluation.folder.path}",
        )
    return document


def _page(evaluation: Evaluation, *, drawn: Sequence[Drawn], checked: Sequence[Checked], width: int) -> str:
    scores, folder = evaluation.scores, evaluation.folder
    examples = counted(scores.num_examples, "example")
    parts = [
        f"{evaluation.run.name} on {folder.name}: {examples}, checkpoint {evaluation.checkpoint}\n{evaluation.data}",
        single_numbers(scores),
        *evaluation.paragraphs(limit=MOST_COLUMNS),
        *of_classes(scores, most_classes=MOST_CLASSES, most_pairs=MOST_CONFUSIONS),
    ]
    if has_lines(evaluation.hardest):
        parts.append(hardest_lines(evaluation.hardest, width=width, limit=MOST_LINES))
    if scores.reasons:
        parts.append("\n".join(scores.reasons.values()))
    if checked:
        parts.append("\n".join(f"{'ok  ' if bar.ok else 'MISS'}  {bar}" for bar in checked))
    written = [folder.text_file, folder.report_file, folder.predictions_file]
    parts.append("\n".join(f"  {path}" for path in [*written, *(one.path for one in drawn if one.path)]))
    return "\n\n".join(parts)


def _document(evaluation: Evaluation, *, drawn: Sequence[Drawn], checked: Sequence[Checked]) -> dict[str, Any]:
    run = evaluation.run
    pictures = {one.kind: str(one.path.relative_to(run.path)) for one in drawn if one.path}
    return {
        "run": {"name": run.name, "path": str(run.path)},
        "split": evaluation.folder.name,
        "checkpoint": evaluation.checkpoint,
        "data": evaluation.data,
        **evaluation.as_document(),
        "thresholds": [bar.as_document() for bar in checked],
        "files": evaluation.files | pictures,
        "skipped": {one.kind: one.skipped for one in drawn if one.skipped},
    }
