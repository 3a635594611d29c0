"""What the length of a text counts, in the words of whoever reads it."""


def length_unit(unit: str) -> str:
    """What lengths count, by the `unit` in which texts are read: "words", or "pieces" of an encoder.

    >>> length_unit("words"), length_unit("pieces")
    ('words', 'pieces, [CLS] and [SEP] counted')
    """
    return unit if unit == "words" else f"{unit}, [CLS] and [SEP] counted"
