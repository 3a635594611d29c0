"""How often the state of a training is kept, and what is done about a loss that is no number."""

from typing import Annotated, Literal

from pydantic import Field

from aimodels.config.section import NamedSection, Section

DURATION = r"^\d+(\.\d+)?[smh]$"


class Checkpoint(Section):
    """When the state that `--resume` goes on from is kept, besides at the end, at every stop and with a new best epoch.

    Files are written while training goes on.
    """

    every_epochs: int | None = Field(
        1, ge=1, description="Keep the state after so many epochs; null: not for this reason."
    )
    every_steps: int | None = Field(None, ge=1, description="Keep the state after so many steps, within epochs too.")
    every: str | None = Field(
        None,
        pattern=DURATION,
        description="Keep the state after so much time, within epochs too: `90s`, `10m`, `1h`.",
        examples=["10m"],
    )
    keep: int = Field(2, ge=1, description="How many states are kept, the newest ones.")


class Stop(NamedSection):
    """Training ends with an error; what was kept before stays."""

    name: Literal["stop"] = "stop"


class Rollback(NamedSection):
    """Training goes back to the last state that was kept, and on from there with a lower learning rate."""

    name: Literal["rollback"] = "rollback"
    times: int = Field(3, ge=1, description="How often, before training ends with an error after all.")
    factor: float = Field(0.5, gt=0, lt=1, description="What the learning rate is multiplied by, each time.")


OnNan = Annotated[Stop | Rollback, Field(discriminator="name")]
