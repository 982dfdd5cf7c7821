"""Drawings in a run: markup, and therefore let through only as far as it draws."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Final

from markupsafe import Markup, escape

from auditor.model.text import visible

_SVG: Final = "{http://www.w3.org/2000/svg}"
_ELEMENTS = frozenset(
    {"svg", "g", "rect", "line", "path", "polygon", "polyline", "circle", "ellipse", "text", "tspan", "title", "desc"}
    | {"defs", "marker"}
)
_REFUSED = ("on", "href", "style", "{")
"""How attributes begin that do more than draw: handlers, links, styles, and all of other namespaces."""


def drawing(text: str) -> Markup:
    """The picture, or the text as text where it is not a picture and nothing else."""
    try:
        root = ET.fromstring(text)  # noqa: S314 - expat refuses entities that grow, and nothing is fetched
    except ET.ParseError:
        return escape(visible(text))
    if not all(_draws(element) for element in root.iter()):
        return escape(visible(text))
    ET.register_namespace("", _SVG[1:-1])
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - only elements and attributes that draw


def _draws(element: ET.Element) -> bool:
    if not isinstance(element.tag, str) or element.tag.removeprefix(_SVG) not in _ELEMENTS:
        return False
    return not any(
        name.lower().startswith(_REFUSED) or "url(" in value.lower().replace("url(#", "")
        for name, value in element.attrib.items()
    )
