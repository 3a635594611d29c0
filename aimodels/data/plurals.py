"""Numbers of things in messages: one text is, two texts are."""


def counted(number: int, what: str) -> str:
    """So many of something.

    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def one_or_many(number: int, one: str, many: str) -> str:
    """The verb that goes with so many.

    >>> one_or_many(1, "is", "are"), one_or_many(0, "is", "are")
    ('is', 'are')
    """
    return one if number == 1 else many
