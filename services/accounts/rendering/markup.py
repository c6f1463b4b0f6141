"""XML by the standard library, the same bytes each time, without what XML 1.0 cannot hold."""

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def add(parent: Element, path: str, text: str = "", **attributes: str) -> Element:
    """Add an element, below new ones along `path` (`Bal/Tp/Cd`), with a text; returns it."""
    made = parent
    for name in path.split("/"):
        made = SubElement(made, name)
    made.attrib.update(attributes)
    if text:
        made.text = writable(text)
    return made


def writable(text: str) -> str:
    """A text without what XML cannot hold and without spaces around it; it may be empty then."""
    return UNWRITABLE.sub("", text).strip()


def written(root: Element, heading: str) -> bytes:
    """The document, after its heading."""
    indent(root, space=" ")
    body: str = tostring(root, encoding="unicode")
    return f"{heading}\n{body}\n".encode()
