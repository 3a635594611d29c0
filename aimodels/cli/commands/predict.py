"""`aimodels predict`: ask a trained run about images, texts or rows of a table."""

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from aimodels.cli import answering_options
from aimodels.cli.answers import show
from aimodels.cli.console import Console
from aimodels.cli.predicting import Question, expect_answers, tell, wanted_file
from aimodels.cli.predicting_rows import answer_rows
from aimodels.prediction.kinds import kind_of
from aimodels.runs.folder import RunFolder
from aimodels.runs.listing import find_run

GROUP = "use"


def command(
    console: Console,
    run: Annotated[str, Argument(metavar="RUN", help="A run: a path, a name, latest, best.")],
    inputs: Annotated[
        list[str] | None,
        Argument(
            metavar="INPUT...",
            show_default=False,
            help="Files, folders or patterns. Of images: also .npy and .npz; - reads names from stdin. Of texts: .txt "
            "is one text, .csv, .tsv, .parquet and .jsonl have one per row; - reads one per line, or two with a tab "
            "between. Of rows: .csv, .tsv, .txt (also with .gz) and .parquet; - reads a CSV file with a first line of "
            "names.",
        ),
    ] = None,
    text: Annotated[list[str] | None, Option("--text", help="A text to ask about; may repeat.")] = None,
    pair: Annotated[list[str] | None, Option("--pair", help="The second text of a pair; as many as of --text.")] = None,
    row: Annotated[
        list[str] | None,
        Option(
            "--row", help="A row to ask about, a JSON object by columns; what it leaves out is missing. May repeat."
        ),
    ] = None,
    column: Annotated[
        str | None, Option("--column", help="Where a table has its texts; else where the run's were, or text, ...")
    ] = None,
    pair_column: Annotated[
        str | None,
        Option("--pair-column", help="Where a table has the second texts; else where the run's were, or answer, ..."),
    ] = None,
    explain: Annotated[bool, Option("--explain", help="Show the words with the highest attention weights.")] = False,
    top_k: Annotated[int, Option("--top-k", min=1, help="Show this many classes per input.")] = 3,
    output: Annotated[
        Path | None, Option("-o", "--output", help="Write to a .csv or .jsonl file, rows also to .parquet.")
    ] = None,
    checkpoint: Annotated[str, Option("--checkpoint", help="best, last, or the path of a .keras file.")] = "best",
    limit: Annotated[int | None, Option("--limit", min=1, help="Only the first inputs.")] = None,
    strategy: answering_options.Strategy = "auto",
    device: answering_options.Device = "auto",
) -> dict[str, Any]:
    """Ask a trained run about images, texts or rows of a table.

    Examples:
      aimodels predict latest photo.png
      aimodels predict latest photos/ -o answers.csv
      ls photos/*.jpg | aimodels predict latest - --json
      aimodels predict latest --text "A waste of two good hours." --explain
      aimodels predict latest reviews.csv --column review
      aimodels predict latest --text "Is it open?" --pair "Until six."
      aimodels predict latest penguins.csv -o answers.csv
      aimodels launch --workers 2 -- predict latest penguins.csv -o answers.csv
      aimodels predict latest --row '{"bill_length_mm": 39.1, "island": "Torgersen"}'
    """
    folder = RunFolder.open(find_run(run, runs_dir=console.runs_dir).path)
    wanted_file(output, run=folder)
    question = Question(
        inputs or (),
        text or (),
        row or (),
        pair or (),
        column=column,
        pair_column=pair_column,
        limit=limit,
        explain=explain,
        checkpoint=checkpoint,
        answerers=answering_options.answerers(strategy=strategy, device=device),
    )
    if kind_of(folder) == "rows":
        return answer_rows(console, folder, question, top_k=top_k, output=output)
    answered = tell(console, folder, question)
    if not isinstance(answered, list):
        return answering_options.part_done(console, answered, run=folder)
    show(console, answered, top_k=top_k, output=output)
    console.answer({"predictions": [answer.as_document(top_k=top_k) for answer in answered]})
    expect_answers(folder, answered)
    return {"output": str(output) if output else None}
