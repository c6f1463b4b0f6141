"""What accounts told in the story came to its holder by e-mail, in whole and once."""

from typing import Any, cast

import pytest
from cards.notify.v1 import notify_service_pb2 as notify

from demo.system import System
from tests.contract.part_applications import DECLINED
from tests.contract.story import Story

pytestmark = [pytest.mark.serial, pytest.mark.usefixtures("calm")]

DEMANDED = {
    "The terms of your account change on",
    "A penalty rate will apply to your account from",
    "Your statement",
    "We received your notice of an error",
    "Your notice about",
    "You have agreed that we may charge for exceeding your limit",
}
"""How letters begin that the law demands, and that the story gives reason for."""


def to(system: System, address: str) -> list[Any]:
    """All e-mail that the mail server took for somebody, in whatever language."""
    return [each for each in system.mail.messages() if address in str(each["X-RcptTo"])]


def text_of(message: Any) -> str:
    parts = [each for each in message.walk() if each.get_content_type() == "text/plain"]
    return cast(bytes, parts[0].get_payload(decode=True)).decode()


def test_what_the_law_demands_is_written_to_the_holder(story: Story, system: System) -> None:
    ada = story.holders["Ada"].personal["email"]

    def missing() -> set[str]:
        subjects = [str(each["Subject"]) for each in to(system, ada)]
        return {each for each in DEMANDED if not any(s.startswith(each) for s in subjects)}

    story.outsider.until(lambda: not missing(), "the letters have been sent")


def test_a_notice_of_dearer_terms_says_what_and_until_when(story: Story, system: System) -> None:
    """Of a late fee, with the right to reject it: 12 CFR 1026.9(c)(2)(iv)."""
    ada = story.holders["Ada"].personal["email"]
    letters = [text_of(each) for each in to(system, ada) if "terms of your" in each["Subject"]]
    assert letters
    assert "Late payment fee\t£0.00 now\t£5.00 from" in letters[0]
    assert "right to reject these changes" in letters[0]


def test_a_declined_applicant_learns_why(story: Story, system: System) -> None:
    """12 CFR 1002.9, though the applicant is no customer."""
    (letter,) = story.outsider.until(lambda: to(system, DECLINED), "the applicant is written to")
    assert letter["Subject"] == "Your application for a card"
    text = text_of(letter)
    assert "- no proof\n" in text
    assert "Equal Credit Opportunity Act" in text


def test_a_letter_is_sent_once(story: Story, system: System) -> None:
    named = [str(each["Message-ID"]) for each in system.mail.messages()]
    assert len(named) == len(set(named))


def test_every_letter_stands_in_the_inbox_too(story: Story, system: System) -> None:
    ada = story.holders["Ada"]
    request = notify.ListInboxRequest(customer_id=ada.customer_id, page_size=200)
    inbox = story.ask("notify.ListInbox", request, "Ada").messages
    subjects = {each.subject for each in inbox}
    assert {each for each in DEMANDED if not any(s.startswith(each) for s in subjects)} == set()
