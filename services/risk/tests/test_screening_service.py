"""Screening at the door, on a real store: from an uploaded list to a decided hit."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cards.risk.v1 import events_pb2 as public
from cards.risk.v1 import screening_service_pb2 as pb
from sqlalchemy import text

from chassis.kernel.errors import Exhausted, Invalid, NotFound, Refused
from services.risk.domain.screening.events import ScreeningHitDecided
from services.risk.name_matching.spelling import spelt
from services.risk.tests.lists import OFAC_ALT, OFAC_SDN, PLAIN, UN_XML
from services.risk.tests.node import NOBODY, Risk, asked_by, started
from services.risk.use_cases import screening_lists

ANN, BEN = "operator:ann", "operator:ben"
HIT = pb.SCREENING_OUTCOME_HIT
CLEAR = pb.SCREENING_OUTCOME_CLEAR
SECRET = "Зоран Вукашевић"


@pytest.fixture
async def risk(tmp_path: Path) -> AsyncIterator[Risk]:
    made = await started(tmp_path / "risk.db")
    yield made
    await made.node.stop()


async def pieces(
    list_id: str, form: Any, content: str, aliases: str = "", purpose: Any = 1
) -> AsyncIterator[pb.ImportScreeningListRequest]:
    yield pb.ImportScreeningListRequest(list_id=list_id, format=form, purpose=purpose)
    raw, other = content.encode(), aliases.encode()
    for start in range(0, max(len(raw), len(other)), 1_000):
        end = start + 1_000
        yield pb.ImportScreeningListRequest(content=raw[start:end], aliases=other[start:end])


async def bring_in(
    risk: Risk, content: str = UN_XML, *, list_id: str = "un", form: Any = 1, **more: Any
) -> pb.ImportScreeningListResponse:
    with asked_by(ANN, "", "ImportScreeningList"):
        requests = pieces(list_id, form, content, **more)
        return await risk.screening.ImportScreeningList(requests, NOBODY)


async def put_in_force(risk: Risk, of: pb.ScreeningList, by: str = BEN) -> pb.ScreeningList:
    request = pb.ActivateScreeningListRequest(list_id=of.list_id, version_id=of.version_id)
    with asked_by(by, f"activate-{of.list_id}-{of.version_id}", "ActivateScreeningList"):
        return (await risk.screening.ActivateScreeningList(request, NOBODY)).list


async def listed(risk: Risk, content: str = UN_XML, **more: Any) -> pb.ScreeningList:
    return await put_in_force(risk, (await bring_in(risk, content, **more)).list)


async def screen(
    risk: Risk, name: str, *, key: str = "", subject: str = "customer-1", **more: Any
) -> pb.Screening:
    request = pb.ScreenNameRequest(subject_id=subject, name=name, **more)
    with asked_by("service:accounts", key or f"{subject}-{name}", "ScreenName"):
        answer = await risk.screening.ScreenName(request, NOBODY)
    await risk.settle()
    return answer.screening


async def test_a_name_is_found_across_scripts_with_an_explanation(risk: Risk) -> None:
    await listed(risk)
    found = await screen(risk, "Vukašević Zoran", date_of_birth="1971-03-02", nationality="RS")
    assert found.outcome == HIT
    (match,) = found.matches
    assert (match.list_id, match.reference) == ("un", "TSi.001")
    assert match.score > 900
    assert match.alias in ("ZORAN MILUTIN VUKASEVIC", "Зоран Милутин Вукашевић", "Zoran Vukas")
    assert match.date_of_birth == match.nationality == pb.AGREEMENT_AGREES
    assert {(part.asked, part.listed) for part in match.parts} == {(0, 2), (1, 0)}
    assert (found.threshold, found.method) == (800, "names-1")


async def test_whoever_is_on_no_list_is_clear(risk: Risk) -> None:
    of = await listed(risk)
    found = await screen(risk, "Ada Lovelace")
    assert (found.outcome, list(found.matches)) == (CLEAR, [])
    assert [(v.list_id, v.version_id) for v in found.versions] == [("un", of.version_id)]


async def test_nobody_is_clear_while_no_list_of_sanctions_is_in_force(risk: Risk) -> None:
    with pytest.raises(Refused, match="NO_ACTIVE_LIST"):
        await screen(risk, "Ada Lovelace")
    staged = (await bring_in(risk)).list
    with pytest.raises(Refused, match="NO_ACTIVE_LIST"):
        await screen(risk, "Ada Lovelace")
    await listed(risk, PLAIN, list_id="pep", form=3, purpose=2)
    with pytest.raises(Refused, match="NO_ACTIVE_LIST"):
        await screen(risk, "Ada Lovelace")
    await put_in_force(risk, staged)
    assert (await screen(risk, "Ada Lovelace")).outcome == CLEAR


async def test_all_lists_in_force_are_asked(risk: Risk) -> None:
    await listed(risk)
    await listed(risk, OFAC_SDN, list_id="ofac", form=2, aliases=OFAC_ALT)
    await listed(risk, PLAIN, list_id="pep", form=3, purpose=2)
    assert [m.list_id for m in (await screen(risk, "Wladimir Petroff-Synthetic")).matches] == [
        "ofac"
    ]
    (match,) = (await screen(risk, "李晓明")).matches
    assert (match.list_id, match.purpose) == ("pep", pb.SCREENING_LIST_PURPOSE_POLITICALLY_EXPOSED)
    assert (await screen(risk, "Sea Cucumber")).outcome == CLEAR
    ship = await screen(risk, "Sea Cucumber", kind=pb.SUBJECT_KIND_ORGANISATION, key="ship")
    assert [m.reference for m in ship.matches] == ["103"]


async def test_the_same_entries_are_the_same_version_however_they_come(risk: Risk) -> None:
    first = await bring_in(risk, PLAIN, form=3)
    again = await bring_in(risk, PLAIN.replace("\n", "\r\n"), form=3)
    assert (first.already_there, again.already_there) == (False, True)
    assert first.list.version_id == again.list.version_id
    other = await bring_in(risk, PLAIN.replace("1968", "1967"), form=3)
    assert other.list.version_id != first.list.version_id
    answer = await risk.screening.ListScreeningLists(pb.ListScreeningListsRequest(), NOBODY)
    assert [each.version_id for each in answer.lists] == [
        other.list.version_id,
        first.list.version_id,
    ]
    assert (answer.lists[1].entries, answer.lists[1].names) == (3, 4)


async def test_versions_come_page_by_page(risk: Risk) -> None:
    for year in range(1960, 1965):
        await bring_in(risk, PLAIN.replace("1968", str(year)), form=3)
    found, token = [], ""
    for _ in range(3):
        request = pb.ListScreeningListsRequest(page_size=2, page_token=token)
        page = await risk.screening.ListScreeningLists(request, NOBODY)
        found += [each.version_id for each in page.lists]
        token = page.next_page_token
    assert (len(set(found)), token) == (5, "")


async def test_whoever_brought_a_list_in_does_not_activate_it(risk: Risk) -> None:
    staged = (await bring_in(risk)).list
    with pytest.raises(Refused, match="SECOND_PERSON_NEEDED"):
        await put_in_force(risk, staged, by=ANN)


async def test_the_same_screening_gives_the_same_answer_whatever_the_lists_say_now(
    risk: Risk,
) -> None:
    await listed(risk)
    before = await screen(risk, SECRET, screening_id="a" * 32)
    await listed(risk, UN_XML.replace("ZORAN", "ZLATKO").replace("Зоран", "Златко"))
    assert await screen(risk, SECRET, screening_id="a" * 32, key="again") == before
    with pytest.raises(Refused, match="SCREENED_DIFFERENTLY"):
        await screen(risk, "Ada Lovelace", screening_id="a" * 32, key="other")
    facts = [type(each.fact).__name__ for each in await risk.node.log.after(0, 1_000)]
    assert facts.count("NameScreened") == 1


async def test_a_screening_is_made_again_with_the_lists_of_then(risk: Risk) -> None:
    await listed(risk)
    await screen(risk, SECRET, screening_id="a" * 32)
    await listed(risk, UN_XML.replace("Vukas<", "Vukasevic<"))
    request = pb.ReplayScreeningRequest(screening_id="a" * 32, name=SECRET)
    answer = await risk.screening.ReplayScreening(request, NOBODY)
    assert answer.same
    assert answer.screening.outcome == HIT
    request.name = "Ada Lovelace"
    with pytest.raises(Refused, match="SCREENED_DIFFERENTLY"):
        await risk.screening.ReplayScreening(request, NOBODY)
    with pytest.raises(NotFound, match="SCREENING_NOT_FOUND"):
        await risk.screening.GetScreening(pb.GetScreeningRequest(screening_id="b" * 32), NOBODY)


@pytest.mark.parametrize("purpose", [1, 2], ids=["sanctions", "exposed"])
async def test_a_decision_says_what_its_list_is_for(risk: Risk, purpose: Any) -> None:
    await listed(risk, PLAIN, list_id="sdn", form=3)
    await listed(risk, PLAIN, list_id="pep", form=3, purpose=2)
    await screen(risk, "李晓明")
    hits = (await risk.screening.ListScreeningHits(open_hits(), NOBODY)).hits
    hit = next(each for each in hits if each.list_id == ("sdn", "pep")[purpose - 1])
    decide = pb.DecideScreeningHitRequest(
        hit_id=hit.hit_id, decision=pb.HIT_STATUS_TRUE_MATCH, reason="SAME_PASSPORT"
    )
    with asked_by(ANN, "decide", "DecideScreeningHit"):
        await risk.screening.DecideScreeningHit(decide, NOBODY)
    facts = [each.fact for each in await risk.node.log.after(0, 1_000)]
    (told,) = [each for each in facts if isinstance(each, ScreeningHitDecided)]
    assert told.purpose == ("SANCTIONS", "POLITICALLY_EXPOSED")[purpose - 1]


async def test_a_hit_is_decided_whitelisted_and_then_quiet(risk: Risk) -> None:
    await listed(risk)
    await screen(risk, SECRET)
    (hit,) = (await risk.screening.ListScreeningHits(open_hits(), NOBODY)).hits
    decide = pb.DecideScreeningHitRequest(
        hit_id=hit.hit_id, decision=pb.HIT_STATUS_FALSE_POSITIVE, reason="OTHER_FATHER"
    )
    with asked_by(ANN, "decide", "DecideScreeningHit"):
        answer = await risk.screening.DecideScreeningHit(decide, NOBODY)
    assert answer.open_hits == 0
    quiet = pb.WhitelistEntryRequest(
        hit_id=hit.hit_id, reason="OTHER_FATHER", expires_on="2019-05-01"
    )
    with asked_by(ANN, "quiet", "WhitelistEntry"):
        await risk.screening.WhitelistEntry(quiet, NOBODY)
    again = await screen(risk, SECRET, key="again")
    assert (again.outcome, len(again.matches), len(again.whitelisted)) == (CLEAR, 0, 1)
    assert not (await risk.screening.ListScreeningHits(open_hits(), NOBODY)).hits
    (closed,) = (await risk.screening.ListScreeningHits(pb.ListScreeningHitsRequest(), NOBODY)).hits
    assert (closed.status, closed.whitelisted_until) == (
        pb.HIT_STATUS_FALSE_POSITIVE,
        "2019-05-01",
    )
    back = pb.WithdrawWhitelistingRequest(hit_id=hit.hit_id, reason="DOUBT")
    with asked_by(BEN, "back", "WithdrawWhitelisting"):
        await risk.screening.WithdrawWhitelisting(back, NOBODY)
    assert (await screen(risk, SECRET, key="third")).outcome == HIT


def open_hits() -> pb.ListScreeningHitsRequest:
    return pb.ListScreeningHitsRequest(status=pb.HIT_STATUS_OPEN)


async def test_what_was_found_is_listed(risk: Risk) -> None:
    await listed(risk)
    await screen(risk, "Ada Lovelace", subject="customer-1")
    hit = await screen(risk, SECRET, subject="customer-2")
    request = pb.ListScreeningsRequest(outcome=HIT)
    (row,) = (await risk.screening.ListScreenings(request, NOBODY)).screenings
    assert (row.subject_id, row.matches) == ("customer-2", 1)
    wanted = pb.GetScreeningRequest(screening_id=row.screening_id)
    assert (await risk.screening.GetScreening(wanted, NOBODY)).screening == hit


async def test_others_are_told_of_a_list_a_hit_and_a_decision_and_of_no_name(risk: Risk) -> None:
    of = await listed(risk)
    await screen(risk, SECRET)
    told = await risk.told()
    (activated,) = [each for each in told if isinstance(each, public.ScreeningListActivated)]
    assert (activated.version_id, activated.purpose) == (of.version_id, "SANCTIONS")
    (raised,) = [each for each in told if isinstance(each, public.ScreeningHitRaised)]
    assert (raised.subject_id, raised.reference) == ("customer-1", "TSi.001")


def kept_words(folder: Path, words: list[str]) -> list[str]:
    """Which words stand anywhere in the store, in any case."""
    kept = b"".join(path.read_bytes() for path in folder.iterdir()).lower()
    return [word for word in words if word.lower().encode() in kept]


async def test_the_name_that_was_asked_about_is_nowhere_in_the_store(
    risk: Risk, tmp_path: Path
) -> None:
    """Neither in an event nor in an answer that is kept, nor anywhere else in the file."""
    await listed(risk)
    asked = "Zzoran Vukkasevich"
    assert (await screen(risk, asked, date_of_birth="1971-03-02")).outcome == HIT
    await risk.node.database.write(lambda c: c.execute(text("SELECT 1")))
    assert kept_words(tmp_path, asked.split()) == []
    assert kept_words(tmp_path, ["screening_subject-customer-1"])


@pytest.mark.parametrize("name", ["...", "   ", "!?"])
def test_a_name_without_letters_is_not_clear(name: str) -> None:
    assert not spelt(name).parts


async def test_what_cannot_be_read_is_refused(risk: Risk) -> None:
    await listed(risk)
    with pytest.raises(Invalid, match="NAME_UNREADABLE"):
        await screen(risk, "...")
    with pytest.raises(Invalid, match="DATE_MALFORMED"):
        await screen(risk, "Ada", date_of_birth="2001-13-01")
    with pytest.raises(Invalid, match="SCREENING_LIST_MALFORMED"):
        await bring_in(risk, "<html/>")
    with pytest.raises(Invalid, match="SCREENING_LIST_MALFORMED"):
        await bring_in(risk, PLAIN + PLAIN.split("\n", 1)[1], form=3)
    with pytest.raises(Invalid, match="SCREENING_LIST_EMPTY"):
        await bring_in(risk, PLAIN.split("\n", 1)[0] + "\n", form=3)
    with pytest.raises(Invalid, match="LIST_HEAD_MISSING"):
        await bring_in(risk, PLAIN, list_id="", form=3)


async def test_a_list_that_is_too_large_and_too_many_at_once_are_refused(
    risk: Risk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as limits:
        limits.setattr(screening_lists, "LIST_BYTES_LIMIT", 500)
        with pytest.raises(Invalid, match="SCREENING_LIST_TOO_LARGE"):
            await bring_in(risk)
    with monkeypatch.context() as limits:
        limits.setattr(screening_lists, "ENTRIES_LIMIT", 1)
        with pytest.raises(Invalid, match="SCREENING_LIST_TOO_LARGE"):
            await bring_in(risk)
    with monkeypatch.context() as limits:
        limits.setattr(screening_lists, "UPLOADS_LIMIT", 0)
        with pytest.raises(Exhausted, match="TOO_MANY_UPLOADS"):
            await bring_in(risk)


async def test_postgresql_keeps_lists_and_screenings_as_well(
    tmp_path: Path, postgres_url: str
) -> None:
    """References in an order that is not that of every language: A-2, a-1, É-3."""
    made = await started(tmp_path, postgres_url)
    rows = "A-2,PERSON,Anna Alpha,,\na-1,PERSON,Zoran Vukasevic,,\nÉ-3,PERSON,Emil Epsilon,,\n"
    head = PLAIN.split("\n", 1)[0]
    await listed(made, f"{head}\n{rows}", form=3)
    asked = {"Anna Alpha": "A-2", "Вукашевич Зоран": "a-1", "Emil Epsilon": "É-3"}
    for name, reference in asked.items():
        (match,) = (await screen(made, name, subject=reference.encode().hex())).matches
        assert match.reference == reference
    await made.node.stop()
    other = await started(tmp_path, postgres_url)
    hits = (await other.screening.ListScreeningHits(open_hits(), NOBODY)).hits
    assert [hit.reference for hit in hits] == list(asked.values())
    for hit in hits:
        wanted = pb.GetScreeningRequest(screening_id=hit.screening_id)
        (match,) = (await other.screening.GetScreening(wanted, NOBODY)).screening.matches
        assert match.alias in ("Anna Alpha", "Zoran Vukasevic", "Emil Epsilon")
    await other.node.stop()


async def test_a_larger_list_is_put_by_in_parts_and_found_by_another_process(
    risk: Risk, tmp_path: Path
) -> None:
    """1,200 entries are three parts; a process that starts later reads them from the store."""
    rows = [f"P-{n:04d},PERSON,Person Number{'x' * (n % 7)} Q{n:04d}Z,," for n in range(1_200)]
    head = PLAIN.split("\n", 1)[0]
    await listed(risk, "\n".join([head, *rows]), form=3)
    other = await started(tmp_path / "risk.db")
    matches = (await screen(other, "Number Q0777Z Person")).matches
    assert matches[0].reference == "P-0777"
    await other.node.stop()
