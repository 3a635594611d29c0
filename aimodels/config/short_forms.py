"""What a YAML may leave out or say shortly, written out: `optimizer: adam`, a section without `name`, `key: null`."""

from aimodels.config.fields import Field, fields, names_of
from aimodels.config.section import Section
from aimodels.config.suggestions import Layout, Path
from aimodels.config.yaml_source import Entry, Written


def written_out(written: Written, *, section: type[Section]) -> Written:
    """The mapping with its short forms expanded and without keys that are null.

    A null under an unknown key stays, so that the key is still found to be wrong.
    """
    known = fields(section)
    entries: dict[str, Entry] = {}
    for key, entry in written.entries.items():
        value = _written_out_value(entry.value, field=known[key]) if key in known else entry.value
        if key in known and _is_absent(value):
            continue
        entries[key] = Entry(entry.key, _with_name(value, field=known[key]) if key in known else value)
    return Written(entries, written.place, vanishes=written.vanishes)


def _written_out_value(value: Written, *, field: Field) -> Written:
    value = _with_word(value, key=field.chooser or "name")
    if field.named and isinstance(value.value, str) and not field.listed and not field.mapped:
        return Written({field.chooser: Entry(value.place, value)}, value.place)
    if isinstance(value.value, list) and field.listed:
        return Written([_written_out_value(item, field=field.item) for item in value.value], value.place)
    if isinstance(value.value, dict):
        if field.is_section:
            return written_out(value, section=section_of(value, field=field))
        return _without_nulls(_mapping_written_out(value, field=field.item) if field.mapped else value)
    return value


def _mapping_written_out(value: Written, *, field: Field) -> Written:
    """A mapping of the user's own words to sections, each with the word that chooses it."""
    entries = {
        key: Entry(entry.key, _with_name(_written_out_value(entry.value, field=field), field=field))
        for key, entry in value.entries.items()
    }
    return Written(entries, value.place, vanishes=value.vanishes)


def _with_word(value: Written, *, key: str) -> Written:
    """A mapping with the single word that stood in its place before an override went below it."""
    if value.word is None:
        return value
    entries = {key: Entry(value.word.place, value.word)} | value.entries
    return Written(entries, value.place, vanishes=value.vanishes)


def _is_absent(value: Written) -> bool:
    return value.value is None or (value.vanishes and not value.entries)


def _with_name(value: Written, *, field: Field) -> Written:
    """A section without the word that chooses it has that of the default, or the one that its keys are options of."""
    if not isinstance(value.value, dict) or not field.named or field.mapped or field.chooser in value.entries:
        return value
    word = field.default_name or _told_by_keys(value, field=field)
    if word is None:
        return value
    return Written({field.chooser: Entry(value.place, Written(word, value.place))} | value.value, value.place)


def _told_by_keys(value: Written, *, field: Field) -> str | None:
    """The `kind` whose options are written; a `name` is never guessed."""
    section = section_of(value, field=field)
    is_told = field.chooser == "kind" and bool(set(value.entries) & set(section.model_fields))
    return names_of(section)[0] if is_told else None


def _without_nulls(value: Written) -> Written:
    """A mapping that is no section (class weights, say) without its nulls."""
    entries = {key: entry for key, entry in value.entries.items() if not _is_absent(entry.value)}
    return Written(entries, value.place, vanishes=value.vanishes)


def chosen_name(value: Written, *, field: Field) -> str | None:
    """The word that chooses a section: written, or left to the default."""
    if isinstance(value.value, str):
        return value.value
    entry = value.entries.get(field.chooser)
    name = entry.value.value if entry else None
    return name if isinstance(name, str) else field.default_name


def section_of(value: Written, *, field: Field) -> type[Section]:
    """The section that a mapping is meant to be, as well as its name or its keys tell."""
    name = chosen_name(value, field=field) if field.named else None
    if name is not None or field.chooser == "name":
        return (field.section_called(name) if name else None) or field.sections[0]
    return max(field.sections, key=lambda section: len(set(value.entries) & set(section.model_fields)))


def layout(written: Written, *, section: type[Section], at: Path = ()) -> Layout:
    """The keys of every section that this config has or could have, with the sections that its names choose."""
    found: dict[Path, dict[str, Field]] = {at: dict(fields(section))}
    for key, field in fields(section).items():
        if not field.is_section:
            continue
        entry = written.entries.get(key)
        value = entry.value if entry else Written(None, written.place)
        below = layout(value, section=section_of(value, field=field), at=(*at, key))
        found |= {path: dict(names) for path, names in below.items()}
        if not field.named:
            for other in field.sections:
                found[(*at, key)] |= fields(other)
    return found
