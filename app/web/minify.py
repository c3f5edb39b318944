"""Removal of comments from scripts before they are sent."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

_JAVASCRIPT = Language(tree_sitter_javascript.language())
_LICENCE = b"/*!"  # start of a comment that stays


@cache
def strip_comments(script: bytes) -> bytes:
    """Remove the comments of a JavaScript file, except licences, and nothing else.

    A parser finds them, since only a parser can tell a comment from a string, a template or a regular expression.
    A script with syntax errors is returned unchanged.
    """
    tree = Parser(_JAVASCRIPT).parse(script)
    if tree.root_node.has_error:
        return script
    parts, end = [], 0
    for comment in _iterate_comments(tree.root_node):
        parts += [script[end : comment.start_byte], _replace_comment(script[comment.start_byte : comment.end_byte])]
        end = comment.end_byte
    return b"".join([*parts, script[end:]])


def _iterate_comments(node: Node) -> Iterator[Node]:
    """Yield the comments within a node, in their order."""
    if node.type == "comment":
        yield node
    for child in node.children:
        yield from _iterate_comments(child)


def _replace_comment(comment: bytes) -> bytes:
    """Return the shortest equivalent white space: a line break if the comment has one, since it may end a statement."""
    if comment.startswith(_LICENCE):
        return comment
    return b"\n" if b"\n" in comment else b" "
