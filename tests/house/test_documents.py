"""What the documents promise is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from votive.terms.errors import ErrorCode

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "contracts").glob("*.md")])


def test_every_error_code_is_explained_and_none_is_invented() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE)
    assert sorted(explained) == sorted(code.value for code in ErrorCode)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text())
    missing = [target for target in targets if not (document.parent / target).exists()]
    assert missing == []


def test_the_readme_names_only_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`?\$? ?make (\w+)", (ROOT / "README.md").read_text()))
    assert named <= targets
    assert {"demo", "test"} <= named
