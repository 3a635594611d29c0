"""The encoder of the best epoch, set aside where that of a part of one replaces it: a run goes on from the former."""

import shutil

from aimodels.runs.folder import RunFolder


def set_aside(run: RunFolder) -> None:
    """Copy the encoder, whole or not at all; nothing where there is none."""
    if not run.encoder.is_dir():
        return
    run.encoder_before.parent.mkdir(parents=True, exist_ok=True)
    partial = run.encoder_before.with_name(f".{run.encoder_before.name}.tmp")
    for old in (partial, run.encoder_before):
        shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(run.encoder, partial)
    partial.replace(run.encoder_before)


def forget(run: RunFolder) -> None:
    """The encoder was not replaced."""
    shutil.rmtree(run.encoder_before, ignore_errors=True)


def put_back(run: RunFolder) -> None:
    """Let the encoder be that of the best epoch again, where another one has replaced it."""
    if run.encoder_before.is_dir():
        shutil.rmtree(run.encoder, ignore_errors=True)
        run.encoder_before.replace(run.encoder)
