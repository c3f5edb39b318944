"""Smaller scripts for the network."""

from __future__ import annotations

from collections.abc import Iterator

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

_JAVASCRIPT = Language(tree_sitter_javascript.language())
_LICENCE = b"/*!"  # opens a comment that has to stay


def strip_comments(script: bytes) -> bytes:
    """Remove the comments of a JavaScript file, except licences, and nothing else.

    A parser finds them, since only a parser can tell a comment from a string, a template or a regular expression.
    Return a script unchanged that the parser does not understand whole.
    """
    tree = Parser(_JAVASCRIPT).parse(script)
    if tree.root_node.has_error:
        return script
    pieces, end = [], 0
    for comment in _comments(tree.root_node):
        pieces += [script[end : comment.start_byte], _blank(script[comment.start_byte : comment.end_byte])]
        end = comment.end_byte
    return b"".join([*pieces, script[end:]])


def _comments(node: Node) -> Iterator[Node]:
    """The comments within a node, in their order."""
    if node.type == "comment":
        yield node
    for child in node.children:
        yield from _comments(child)


def _blank(comment: bytes) -> bytes:
    """The least that parts what a comment parted: JavaScript ends some statements where a line ends."""
    if comment.startswith(_LICENCE):
        return comment
    return b"\n" if b"\n" in comment else b" "
