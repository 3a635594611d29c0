"""List, show, compare and remove runs."""

GROUP = "look"
