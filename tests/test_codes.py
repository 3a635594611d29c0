"""Every error code has a page, every page a code, and a page says what helps."""

import re

import pytest

from aimodels import discovery

PAGES = sorted((discovery.PACKAGE / "explanations").glob("*.md"))
# A code in quotes is one that is used; others are mentioned in prose.
CODE = re.compile(r'"(AM\d{3})"')


def used() -> set[str]:
    texts = [path.read_text(encoding="utf-8") for path in discovery.PACKAGE.rglob("*.py")]
    return {code for text in texts for code in CODE.findall(text)}


def test_every_code_has_a_page_and_every_page_a_code():
    assert len(PAGES) > 50
    pages = {path.stem for path in PAGES}
    assert used() - pages == set(), "without a page"
    assert pages - used() == set(), "of a code that nothing uses"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_has_a_title_an_example_and_a_measure(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(rf"# {path.stem}: \S.*[^.]", lines[0])
    assert 6 <= len(lines) <= 30
    assert "```" in "\n".join(lines)
    assert max(map(len, lines)) <= 130


def test_the_commands_that_pages_name_exist():
    from aimodels.cli import finding

    known = {*finding.commands(), *finding.groups(), *finding.ALIASES}
    below = {group: finding.commands(finding.folder_of(group)) for group in finding.groups()}
    wrong = []
    for path in PAGES:
        for words in re.findall(
            r"^\$ aimodels ([a-z][\w-]*)(?: ([a-z][\w-]*))?(?!.*# wrong)", path.read_text("utf-8"), re.M
        ):
            if words[0] not in known or (words[0] in below and words[1] not in below[words[0]]):
                wrong.append((path.stem, *words))
    assert wrong == []
