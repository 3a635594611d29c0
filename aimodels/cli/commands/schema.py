"""`aimodels schema`: the JSON schema of the config, for editors."""

import json
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from aimodels.cli.console import Console
from aimodels.config.json_schema import FILE, field_schema, json_schema, modeline
from aimodels.errors import UsageError
from aimodels.runs.atomic import write_json

GROUP = "more"


def command(
    console: Console,
    field: Annotated[
        str | None, Option("--field", metavar="KEY", help="Only this key, such as train.optimizer.")
    ] = None,
    write: Annotated[bool, Option("--write", help=f"Write the file {FILE} instead of printing.")] = False,
    output: Annotated[
        Path | None, Option("-o", "--output", metavar="PATH", help="Write this file instead of printing.")
    ] = None,
) -> dict[str, Any]:
    """Print or write the JSON schema of the config, for editors.

    Examples:
      aimodels schema --write
      aimodels schema --field train.optimizer
    """
    schema = json_schema() if field is None else field_schema(field.split("."))
    if schema is None:
        raise UsageError(f"no config has the key `{field}`", code="AM122", help="a path of keys: train.optimizer")
    if output is None and not write:
        console.out(json.dumps(schema, indent=2, ensure_ascii=False))
        return {"json_schema": schema}
    path = output or FILE
    write_json(path, schema)
    console.out(f"wrote {path}\n\nFirst line of a config beside it, for completion and checks in the editor:")
    console.out(modeline(path, config=Path("config.yaml")))
    console.essential(str(path))
    return {"file": str(path)}
