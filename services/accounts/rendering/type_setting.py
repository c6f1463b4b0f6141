"""Fonts and styles of a statement's pages; what Helvetica cannot write is set in Song."""

import re
from html import escape

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
BEYOND_LATIN = re.compile(r"[^\x00-\xff\u20ac\u2013\u2014\u2018\u2019\u201c\u201d]+")


def prepare_fonts() -> None:
    """Make the fonts known; may be repeated."""
    if CHINESE not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))


def set_text(text: str) -> str:
    """A text as a paragraph takes it: nothing in it is markup, and each character has a font."""
    plain = escape(CONTROL.sub(" ", text), quote=False)
    return BEYOND_LATIN.sub(lambda run: f'<font name="{CHINESE}">{run.group()}</font>', plain)
