"""A labelled text as it was found, before anything is known of the others."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from aimodels.data.dataset import SplitName


@dataclass(frozen=True, slots=True)
class FoundText:
    """One text as it was found, with its name for people; of a pair also the `second` one.

    `target` is its class by name, or the number to be predicted as it is written; empty if it has none. Bytes that are
    not UTF-8 are in the texts as lone surrogates. `problem` says why it cannot be used at all, in a few words; empty if
    it can.
    """

    split: SplitName
    target: str
    name: str
    text: str
    second: str | None = None
    problem: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """The text, or both."""
        return (self.text,) if self.second is None else (self.text, self.second)

    def changed(self, change: Callable[[str], str]) -> "FoundText":
        """The same with every text changed."""
        return replace(self, text=change(self.text), second=None if self.second is None else change(self.second))
