"""Where in a config a value stands: its path from the top, and the place of its key."""

from dataclasses import dataclass

from aimodels.config.key_paths import joined
from aimodels.config.yaml_source import Written
from aimodels.errors import Place


@dataclass(frozen=True)
class Spot:
    """A value of the config with its path from the top and the place of its key."""

    path: tuple[str, ...]
    written: Written
    key: Place

    @property
    def name(self) -> str:
        """The path as users write it."""
        return joined(self.path)

    def below(self, key: str) -> "Spot":
        """The value of one of its keys."""
        entry = self.written.entries[key]
        return Spot((*self.path, key), entry.value, entry.key)

    def item(self, index: int, item: Written) -> "Spot":
        """One item of its list."""
        return Spot((*self.path[:-1], f"{self.path[-1]}[{index}]"), item, item.place)
