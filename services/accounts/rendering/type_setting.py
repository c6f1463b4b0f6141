"""Fonts and styles of a statement's pages; what Helvetica cannot write is set in Song."""

import re
from html import escape

from anyascii import anyascii
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont

LATIN = "Helvetica"
CHINESE = "STSong-Light"
"""One of Adobe's Asian fonts: named in the file, not embedded, known to readers."""

BODY = ParagraphStyle("body", fontName=LATIN, fontSize=9, leading=12, wordWrap="CJK")
FIGURE = ParagraphStyle("figure", parent=BODY, alignment=TA_RIGHT)
SMALL = ParagraphStyle("small", parent=BODY, fontSize=7.5, leading=10)
SMALL_FIGURE = ParagraphStyle("small figure", parent=SMALL, alignment=TA_RIGHT)
HEADING = ParagraphStyle(
    "heading", parent=BODY, fontSize=11.5, leading=15, spaceBefore=4, spaceAfter=3
)
TITLE = ParagraphStyle("title", parent=BODY, fontSize=15, leading=19)

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
OF_WINDOWS = "\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192"
"""Letters beyond Latin-1 that Helvetica has."""
WITH_OTHER_MARKS = re.compile(f"(?![{OF_WINDOWS}])[\u0100-\u024f\u1e00-\u1eff]")
"""Latin letters that neither font has: they are written without their marks, not left out."""
BEYOND_LATIN = re.compile(f"[^\\x00-\\xff\u20ac\u2013\u2014\u2018\u2019\u201c\u201d{OF_WINDOWS}]+")


def prepare_fonts() -> None:
    """Make the fonts known; may be repeated."""
    if CHINESE not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))


def set_text(text: str) -> str:
    """A text as a paragraph takes it: nothing in it is markup, and each character has a font."""
    marked = WITH_OTHER_MARKS.sub(lambda run: anyascii(run.group()), CONTROL.sub(" ", text))
    plain = escape(marked, quote=False)
    return BEYOND_LATIN.sub(lambda run: f'<font name="{CHINESE}">{run.group()}</font>', plain)
