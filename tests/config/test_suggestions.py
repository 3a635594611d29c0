"""Every alias leads to a key that exists, and none hides a key of ours."""

import pytest

from aimodels.config.schema import config_class
from aimodels.config.short_forms import layout
from aimodels.config.suggestions import ALIASES, TARGETS, Layout, advice
from aimodels.config.yaml_source import Written, read
from aimodels.discovery import plugin


def layout_of(data: str, model: str) -> Layout:
    section = config_class(plugin("datasets", data).Options, plugin("architectures", model).Options)
    written: Written = read(f"data: {data}\nmodel: {model}\ntrain: {{}}", source="test")
    return layout(written, section=section)


LAYOUTS = [layout_of(data, model) for data in ("mnist", "image_folder") for model in ("cnn", "mlp")]


@pytest.mark.parametrize("target", ALIASES)
def test_an_alias_leads_to_a_key(target: str) -> None:
    *section, key = target.split(".")
    assert [found for found in LAYOUTS if key in found.get(tuple(section), {})]


@pytest.mark.parametrize("alias", TARGETS)
def test_an_alias_has_one_meaning_in_a_config(alias: str) -> None:
    for found in LAYOUTS:
        assert len([target for target in TARGETS[alias] if target[-1] in found.get(target[:-1], {})]) <= 1


def test_a_key_of_ours_is_no_alias_in_its_own_section() -> None:
    for found in LAYOUTS:
        for section, fields in found.items():
            for key in fields:
                assert advice(key, under=section, layout=found).suggestions[0].replace == key
