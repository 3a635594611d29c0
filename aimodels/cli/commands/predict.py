"""`aimodels predict`: ask a trained run about images."""

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from aimodels.cli.console import Console
from aimodels.cli.predicting import expect_answers, show, tell, wanted_file
from aimodels.runs.folder import RunFolder
from aimodels.runs.listing import find_run

GROUP = "use"


def command(
    console: Console,
    run: Annotated[str, Argument(metavar="RUN", help="A run: a path, a name, latest, best.")],
    inputs: Annotated[
        list[str],
        Argument(metavar="INPUT...", help="Images, folders, patterns, .npy or .npz; - reads names from stdin."),
    ],
    top_k: Annotated[int, Option("--top-k", min=1, help="Show this many classes per input.")] = 3,
    output: Annotated[Path | None, Option("-o", "--output", help="Write to a .csv or .jsonl file.")] = None,
    checkpoint: Annotated[str, Option("--checkpoint", help="best, last, or the path of a .keras file.")] = "best",
    limit: Annotated[int | None, Option("--limit", min=1, help="Only the first inputs.")] = None,
) -> dict[str, Any]:
    """Ask a trained run about images.

    Examples:
      aimodels predict latest photo.png
      aimodels predict latest photos/ -o answers.csv
      ls photos/*.jpg | aimodels predict latest - --json
    """
    wanted_file(output)
    folder = RunFolder.open(find_run(run, runs_dir=console.runs_dir).path)
    answered = tell(folder, inputs, checkpoint=checkpoint, limit=limit)
    show(console, answered, top_k=top_k, output=output)
    console.answer({"predictions": [answer.as_document(top_k=top_k) for answer in answered]})
    expect_answers(answered)
    return {"output": str(output) if output else None}
