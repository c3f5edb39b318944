"""Removal of comments: smaller scripts with the same tokens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

from app.web.assets import STATIC, Assets
from app.web.minify import strip_comments

SCRIPTS = sorted(path.relative_to(STATIC).as_posix() for path in (STATIC / "js").rglob("*.js"))
PARSER = Parser(Language(tree_sitter_javascript.language()))


def parse_tokens(script: bytes) -> list[tuple[str, bytes]]:
    """Return all tokens of a script except white space and comments. Templates count with their white space."""

    def leaves(node: Node) -> Iterator[tuple[str, bytes]]:
        if not node.children and node.type != "comment":
            yield node.type, node.text or b""
        for child in node.children:
            yield from leaves(child)

    tree = PARSER.parse(script)
    assert not tree.root_node.has_error
    return list(leaves(tree.root_node))


@pytest.fixture(scope="module")
def assets() -> Assets:
    return Assets(STATIC)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_sent_with_all_its_tokens(assets: Assets, name: str) -> None:
    assert parse_tokens(assets.files[name]) == parse_tokens((STATIC / name).read_bytes())


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("f(`${`${x} ${y}`} // ${`/*${z}*/`}`); // gone", "f(`${`${x} ${y}`} // ${`/*${z}*/`}`);  "),
        ("const a = /[/*]/, b = '// no', c = a /b/* gone */;", "const a = /[/*]/, b = '// no', c = a /b ;"),
        ("f(`${g({ a: 1 /* gone */ })} // b`);", "f(`${g({ a: 1   })} // b`);"),
        ("return/* gone\n */x;", "return\nx;"),
        ("typeof/* gone */x;", "typeof x;"),
        ("/*! stays */ x; // gone\ny;", "/*! stays */ x;  \ny;"),
        ("// gone: é\nf('é');", " \nf('é');"),
        ("x = = 1; // not a script: sent as it is", "x = = 1; // not a script: sent as it is"),
        ("", ""),
    ],
)
def test_only_comments_go(script: str, expected: str) -> None:
    assert strip_comments(script.encode()).decode() == expected
