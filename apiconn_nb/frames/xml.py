"""XML → a document like JSON's (extra ``xml``); no entities, nothing fetched.

An element becomes an object of its attributes (``@name``), its children by their local names, and its text
(``#text``); one with text alone becomes that text, an empty one null. Children of one name are a list; so is a lone
``order`` in ``orders``.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder

from apiconn_nb.errors import FrameError
from apiconn_nb.frames.documents import too_deep

_DEEPEST = 500  # elements in each other; no table is, and a tree of a million took a full memory minutes to let go of


class _Tree(TreeBuilder):
    """The elements, as long as they are not too deep in each other."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        """An element begins. Raises FrameError."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise too_deep()
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        """An element ends."""
        self._depth -= 1
        return super().end(tag)


def document_of(content: bytes) -> dict[str, Any]:
    """The document, under its root element's name. Raises FrameError when it is not XML, or declares entities."""
    try:
        from defusedxml import ElementTree  # an extra
        from defusedxml.common import DefusedXmlException
    except ImportError:
        raise FrameError("An XML answer needs one more package: pip install 'apiconn_nb[xml]'.") from None
    try:
        parser = ElementTree.DefusedXMLParser(
            target=_Tree(), forbid_dtd=False, forbid_entities=True, forbid_external=True
        )
        parser.feed(content)
        root = parser.close()
    except ElementTree.ParseError as error:
        raise FrameError(f"Not XML: {error}; --as text shows the answer as it came.") from None
    except DefusedXmlException as error:
        raise FrameError(
            f"XML with entities of its own is not read ({type(error).__name__}): it can grow without end."
        ) from None
    except (ValueError, LookupError) as error:  # an encoding that expat does not know
        raise FrameError(f"Not XML that can be read: {error}") from None
    return {_local(root.tag): _value(root)}


def _value(element: Any) -> Any:
    made: dict[str, Any] = {f"@{_local(name)}": value for name, value in element.attrib.items()}
    children: dict[str, list[Any]] = {}
    for child in element:
        if isinstance(child.tag, str):  # not a comment or an instruction
            children.setdefault(_local(child.tag), []).append(_value(child))
    text = _text(element)
    if not children and not made:
        return text
    for name, values in children.items():
        made[name] = values if len(values) > 1 or _is_list_of(_local(element.tag), name) else values[0]
    if text is not None:
        made["#text"] = text
    return made


def _text(element: Any) -> str | None:
    parts = [element.text or "", *(child.tail or "" for child in element)]
    return "".join(parts).strip() or None


def _is_list_of(outer: str, inner: str) -> bool:
    """Whether an element is named as a list of such children: ``orders`` of ``order``, ``ArrayOfOrder``."""
    return outer.lower() != inner.lower() and len(inner) > 2 and inner.lower()[:-1] in outer.lower()


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
