"""A statement as PDF: pages that a person reads, the same bytes whenever they are made."""

import io
from collections.abc import Sequence
from typing import Any

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, LongTable, Paragraph, SimpleDocTemplate, Spacer, Table

from services.accounts.domain.billing.buckets import CREDIT, PROTECTED, is_plan
from services.accounts.domain.billing.statement import StatementLine
from services.accounts.domain.billing.terms import FeeKind
from services.accounts.rendering.document import CREDIT_KINDS, Document, entries, rate
from services.accounts.rendering.type_setting import (
    BODY,
    FIGURE,
    HEADING,
    SMALL,
    SMALL_FIGURE,
    TITLE,
    prepare_fonts,
    set_text,
)
from services.accounts.rendering.words import BALANCES, CAUSES, KINDS, WORDS, pick

MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN
PALE = colors.HexColor("#eef1f5")
LINE = colors.HexColor("#9aa5b1")
BOX: Any = [
    ("BOX", (0, 0), (-1, -1), 0.6, LINE),
    ("ROWBACKGROUNDS", (0, 0), (-1, -1), (colors.white, PALE)),
    ("TOPPADDING", (0, 0), (-1, -1), 2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]
HEADED: Any = [*BOX, ("LINEBELOW", (0, 0), (-1, 0), 0.6, LINE)]


def render(document: Document, *, compressed: bool = True) -> bytes:
    """The file. Uncompressed, its texts can be found in its bytes."""
    prepare_fonts()
    out = io.BytesIO()
    of = document.statement
    template = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=of.statement_id,
        author=document.programme_name,
        subject="statement",
        creator="cards",
        invariant=1,
        pageCompression=1 if compressed else 0,
    )
    pages = Pages(document)
    story = [
        *pages.head(),
        *pages.summary(),
        *pages.payoff(),
        *pages.transactions(),
        *pages.calculation(),
    ]
    template.build(story, canvasmaker=_numbered(pages))
    return out.getvalue()


class Pages:
    """The parts of a statement's pages, in order."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._of = document.statement

    def say(self, word: str, **values: str) -> str:
        """A text in the language of the document."""
        return pick(WORDS[word], self._document.language).format(**values)

    def _cell(self, text: str, style: Any = BODY) -> Paragraph:
        return Paragraph(set_text(text), style)

    def _money(self, minor_units: int, style: Any = FIGURE) -> Paragraph:
        return self._cell(self._document.money(minor_units), style)

    def _heading(self, word: str) -> Paragraph:
        return self._cell(self.say(word), HEADING)

    # What is at the top -------------------------------------------------------------------------

    def head(self) -> list[Flowable]:
        """Whose statement it is, of which account, for which period."""
        document, of = self._document, self._of
        period = f"{document.day(of.opened_on)} {self.say('to')} {document.day(of.closed_on)}"
        facts = [
            (self.say("account"), document.account_mask),
            (self.say("number"), str(of.number)),
            (self.say("period"), period),
        ]
        address = [[self._cell(line)] for line in document.holder] or [[self._cell("")]]
        told = [[self._cell(name, SMALL), self._cell(value)] for name, value in facts]
        tight: Any = [
            ("TOPPADDING", (0, 0), (-1, -1), 1),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ]
        left = Table(address, colWidths=[WIDTH * 0.45], style=tight)
        right = Table(told, colWidths=[WIDTH * 0.18, WIDTH * 0.37], style=tight)
        return [
            self._cell(document.programme_name, TITLE),
            self._cell(self.say("title"), HEADING),
            Table([[left, right]], colWidths=[WIDTH * 0.45, WIDTH * 0.55], style=tight),
        ]

    def summary(self) -> list[Flowable]:
        """What the balance was, is, and how it came about; what is to be paid and when."""
        of = self._of
        balance = [
            ("opening", of.opening_minor),
            ("payments", -of.payments_minor),
            ("refunds", -of.refunds_minor),
            ("purchases", of.purchases_minor),
            ("cash_advances", of.cash_advances_minor),
            ("balance_transfers", of.balance_transfers_minor),
            ("other_debits", of.other_debits_minor),
            ("fees", of.fees_minor),
            ("interest", of.interest_minor),
            ("closing", of.closing_minor),
            ("limit", of.limit_minor),
            ("available", of.limit_minor - of.closing_minor),
        ]
        if of.disputed_minor:
            balance.append(("disputed", of.disputed_minor))
        left = [[self._cell(self.say(word)), self._money(minor)] for word, minor in balance]
        half = WIDTH / 2 - 2 * mm
        boxes = [
            self._box(left, half),
            self._box(self._payment_rows(), half),
        ]
        return [
            Spacer(0, 3 * mm),
            Table(
                [[self._heading("summary"), self._heading("payment")], boxes],
                colWidths=[WIDTH / 2, WIDTH / 2],
                style=[("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)],
            ),
            *self._late_warning(),
            *self._right_to_revoke(),
            *self._deferred(),
        ]

    def _box(self, rows: Any, width: float) -> Table:
        return Table(rows, colWidths=[width * 0.62, width * 0.38], style=BOX, hAlign="LEFT")

    def _payment_rows(self) -> list[list[Paragraph]]:
        of = self._of
        rows = [
            [self._cell(self.say("closing")), self._money(of.closing_minor)],
            [self._cell(self.say("minimum")), self._money(of.minimum.total_minor)],
        ]
        for word, minor in (
            ("past_due", of.minimum.past_due_minor),
            ("instalments", of.minimum.instalments_minor),
        ):
            if minor:
                rows.append([self._cell(self.say(word)), self._money(minor)])
        due_on = self._cell(self._document.day(of.due_on), FIGURE)
        rows.append([self._cell(self.say("due_on")), due_on])
        return rows

    def _late_warning(self) -> list[Flowable]:
        document, of = self._document, self._of
        if not of.minimum.total_minor or not document.late_fee_minor:
            return []
        fee = document.money(document.late_fee_minor)
        text = self.say("late_fee", due_on=document.day(of.due_on), fee=fee)
        if document.penalty_apr_basis_points:
            text += " " + self.say("penalty", rate=rate(document.penalty_apr_basis_points))
        return [Spacer(0, 2 * mm), self._cell(text)]

    def _right_to_revoke(self) -> list[Flowable]:
        """After a fee for exceeding the limit, on the front (12 CFR 1026.56(b)(1)(v), (d)(3))."""
        charged = any(line.reason == FeeKind.OVER_LIMIT for line in self._of.lines)
        return [Spacer(0, 2 * mm), self._cell(self.say("over_limit"))] if charged else []

    def _deferred(self) -> list[Flowable]:
        """By when promotional balances are to be paid, on the front (12 CFR 1026.7(b)(14))."""
        lines: list[Flowable] = [self._heading("deferred")] if self._of.deferred else []
        for each in self._of.deferred:
            balance = self._document.money(each.balance_minor)
            by = self.say("deferred_by", balance=balance, ends_on=self._document.day(each.ends_on))
            accrued = self.say(
                "deferred_accrued",
                rate=rate(each.apr_basis_points),
                since=self._document.day(each.accrues_from),
                accrued=self._document.money(each.accrued_minor),
            )
            lines.append(self._cell(f"{by} {accrued}"))
        return lines

    # What paying only the minimum costs (12 CFR 1026.7(b)(12)) ------------------------------------

    def payoff(self) -> list[Flowable]:
        """The warning, and the table of what each way of paying takes and costs."""
        told = self._of.payoff
        if told.never_pays_off:
            lines = [self._36()] if told.monthly_for_36_minor else []
            never = self._cell(self.say("never"))
            return [Spacer(0, 2 * mm), never, *self._payoff_table(lines)]
        if not told.minimum_months:
            return []
        first = (
            self.say("payoff_minimum"),
            self._months(told.minimum_months),
            self._document.money(told.minimum_total_minor),
        )
        lines = [first, self._36()] if told.monthly_for_36_minor else [first]
        return [
            Spacer(0, 2 * mm),
            self._cell(self.say("payoff")),
            *self._payoff_table(lines),
        ]

    def _36(self) -> tuple[str, str, str]:
        told, money = self._of.payoff, self._document.money
        total = money(told.total_for_36_minor)
        if told.savings_minor > 0:
            total = self.say("payoff_saving", total=total, savings=money(told.savings_minor))
        return money(told.monthly_for_36_minor), self.say("years", count="3"), total

    def _months(self, months: int) -> str:
        """In months below two years, from there on in years, rounded to the nearest."""
        if months < 24:
            return self.say("months", count=str(months))
        return self.say("years", count=str((months + 6) // 12))

    def _payoff_table(self, lines: Sequence[tuple[str, str, str]]) -> list[Flowable]:
        if not lines:
            return []
        words = ("payoff_each", "payoff_months", "payoff_total")
        rows = [[self._cell(self.say(word), SMALL) for word in words]]
        rows += [[self._cell(each) for each in line] for line in lines]
        return [Spacer(0, 1 * mm), Table(rows, colWidths=[WIDTH / 3] * 3, style=HEADED)]

    # What happened --------------------------------------------------------------------------------

    def transactions(self) -> list[Flowable]:
        """Credits, then debits, each with its total; fees and interest are among them, and what
        they come to in the year."""
        credits_ = [line for line in entries(self._of) if _is_credit(line)]
        debits = [line for line in entries(self._of) if not _is_credit(line)]
        year = str(self._of.closed_on.year)
        totals = [
            [self._cell(self.say("year_fees", year=year)), self._year(fees=True)],
            [self._cell(self.say("year_interest", year=year)), self._year(fees=False)],
        ]
        return [
            Spacer(0, 4 * mm),
            self._heading("transactions"),
            *self._listed("credits", credits_),
            *self._listed("debits", debits),
            Spacer(0, 2 * mm),
            self._box(totals, WIDTH * 0.7),
        ]

    def _year(self, *, fees: bool) -> Paragraph:
        of = self._of
        return self._money(of.year_to_date_fees_minor if fees else of.year_to_date_interest_minor)

    def _listed(self, word: str, lines: Sequence[StatementLine]) -> list[Flowable]:
        heading = Paragraph(f"<b>{set_text(self.say(word))}</b>", BODY)
        if not lines:
            return [heading, self._cell(self.say("nothing"), SMALL)]
        rows: list[list[Flowable]] = [
            [
                self._cell(self.say("date"), SMALL),
                self._cell(self.say("posted"), SMALL),
                self._cell(self.say("description"), SMALL),
                self._cell(self.say("amount"), SMALL_FIGURE),
            ]
        ]
        rows += [self._entry(line) for line in lines]
        total = sum(line.amount_minor for line in lines)
        blank = self._cell("")
        rows.append([blank, blank, self._cell(self.say("total")), self._money(total)])
        widths = [WIDTH * share for share in (0.16, 0.16, 0.48, 0.20)]
        return [heading, LongTable(rows, colWidths=widths, style=HEADED, repeatRows=1)]

    def _entry(self, line: StatementLine) -> list[Flowable]:
        kind = pick(KINDS[line.kind], self._document.language)
        about = line.description or (f"{kind} ({line.reason})" if line.reason else kind)
        return [
            self._cell(self._document.day(line.transaction_date), SMALL),
            self._cell(self._document.day(line.posting_date), SMALL),
            self._cell(about),
            self._money(line.amount_minor),
        ]

    # How interest came about ----------------------------------------------------------------------

    def calculation(self) -> list[Flowable]:
        """Rates and balances by type, then every amount of interest with its days and cause."""
        of = self._of
        if not of.balances:
            return []
        names = {each.bucket: self._bucket(each) for each in of.balances}
        rows = [self._small("balance_type", "apr", "subject", "days", "interest")]
        rows += [
            [
                self._cell(names[each.bucket]),
                self._cell(rate(each.apr_basis_points), FIGURE),
                self._money(each.average_daily_balance_minor),
                self._cell(str(each.days), FIGURE),
                self._money(each.interest_minor),
            ]
            for each in of.balances
        ]
        widths = [WIDTH * share for share in (0.32, 0.14, 0.24, 0.10, 0.20)]
        parts: list[Flowable] = [
            Spacer(0, 4 * mm),
            self._heading("calculation"),
            self._cell(self.say("calculation_note"), SMALL),
            LongTable(rows, colWidths=widths, style=HEADED, repeatRows=1),
        ]
        if of.interest:
            parts += [Spacer(0, 3 * mm), self._cell(self.say("explained")), self._explained(names)]
        return parts

    def _explained(self, names: dict[str, str]) -> LongTable:
        rows = [self._small("balance_type", "cause", "from", "days", "balance", "apr", "interest")]
        rows += [
            [
                self._cell(names.get(each.bucket, each.bucket), SMALL),
                self._cell(pick(CAUSES[each.cause], self._document.language), SMALL),
                self._cell(self._document.day(each.first_on), SMALL),
                self._cell(str(each.days), SMALL_FIGURE),
                self._money(each.balance_minor, SMALL_FIGURE),
                self._cell(rate(each.apr_basis_points), SMALL_FIGURE),
                self._money(each.interest_minor, SMALL_FIGURE),
            ]
            for each in self._of.interest
        ]
        widths = [WIDTH * share for share in (0.15, 0.25, 0.13, 0.07, 0.14, 0.10, 0.16)]
        return LongTable(rows, colWidths=widths, style=HEADED, repeatRows=1)

    def _bucket(self, each: Any) -> str:
        if each.bucket == CREDIT:
            return self.say("credit_balance")
        name = pick(BALANCES[each.balance_type], self._document.language)
        more = "plan" if is_plan(each.bucket) else "protected" if PROTECTED in each.bucket else ""
        return f"{name}, {self.say(more)}" if more else name

    def _small(self, *words: str) -> list[Flowable]:
        return [self._cell(self.say(word), SMALL) for word in words]


def _is_credit(line: StatementLine) -> bool:
    return line.kind in CREDIT_KINDS and line.amount_minor <= 0


def _numbered(pages: Pages) -> type[Canvas]:
    """A canvas that writes at the foot of each page which it is, and of how many."""

    class Numbered(Canvas):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._shown: list[dict[str, Any]] = []

        def showPage(self) -> None:
            self._shown.append(dict(self.__dict__))
            self._startPage()  # type: ignore[attr-defined]

        def save(self) -> None:
            for number, page in enumerate(self._shown, 1):
                self.__dict__.update(page)
                foot = pages.say("page", page=str(number), pages=str(len(self._shown)))
                text = Paragraph(set_text(foot), SMALL_FIGURE)
                text.wrapOn(self, WIDTH, MARGIN)
                text.drawOn(self, MARGIN, MARGIN / 2)
                super().showPage()
            super().save()

    return Numbered
