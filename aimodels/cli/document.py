"""The JSON document that every command prints under --json: one envelope, strict JSON."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

SCHEMA = "aimodels/1"


def envelope(command: str, *, ok: bool, document: Mapping[str, Any], warnings: Sequence[Mapping[str, Any]]) -> str:
    """The text of the document. A number that is not finite becomes null, and its path is listed in `nonfinite`."""
    nonfinite: list[str] = []
    whole = {"schema": SCHEMA, "command": command, "ok": ok, **document, "warnings": list(warnings)}
    strict = _strict(whole, path="", nonfinite=nonfinite)
    strict["nonfinite"] = nonfinite
    return json.dumps(strict, indent=2, allow_nan=False, ensure_ascii=False)


def _strict(value: Any, *, path: str, nonfinite: list[str]) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value)
        nonfinite.append(path)
        return None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {
            str(key): _strict(item, path=f"{path}.{key}".lstrip("."), nonfinite=nonfinite)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_strict(item, path=f"{path}[{index}]", nonfinite=nonfinite) for index, item in enumerate(value)]
    if isinstance(value, PurePath):
        return str(value)
    if hasattr(value, "tolist"):  # NumPy's arrays and scalars, without importing NumPy
        return _strict(value.tolist(), path=path, nonfinite=nonfinite)
    raise TypeError(f"{path}: a {type(value).__name__} has no place in JSON")
