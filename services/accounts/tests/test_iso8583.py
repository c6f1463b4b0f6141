"""The door for card networks, as a gateway sees it: every message over a socket, a real store."""

from itertools import permutations

import pytest

from services.accounts.domain import events
from services.accounts.iso8583.message import Message
from services.accounts.tests.network import World

# Authorisations


async def test_an_authorisation_is_approved_and_holds_the_amount(network: World) -> None:
    asked = network.terminal.message("0100", 4_500)
    answer = await network.line.ask(asked)
    assert (answer.mti, answer[39]) == ("0110", "00")
    assert len(answer[38]) == 6
    for number in (2, 3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49):
        assert answer[number] == asked[number]
    assert await network.held() == 4_500
    (fact,) = network.charged()
    assert isinstance(fact, events.ChargeAuthorised)
    assert (fact.merchant.name, fact.merchant.country) == ("Green Grocer", "GB")
    assert (fact.merchant.mcc, fact.entry_mode) == ("5411", "CHIP")


async def test_the_same_message_twice_gets_the_same_answer_and_holds_once(network: World) -> None:
    asked = network.terminal.message("0100", 4_500)
    first = await network.line.ask(asked)
    again = await network.line.ask(Message("0101", asked.fields))
    assert (again.mti, again.fields) == (first.mti, first.fields)
    assert await network.held() == 4_500


async def test_the_same_message_many_times_at_once_holds_once(network: World) -> None:
    asked = network.terminal.message("0100", 4_500)
    for _ in range(10):
        network.line.send(asked)
        network.line.send(Message("0101", asked.fields))
    answers = [await network.line.receive() for _ in range(20)]
    assert len({tuple(sorted(each.fields.items())) for each in answers}) == 1
    assert await network.held() == 4_500
    assert len(network.charged()) == 1


ORDERS = list(permutations(("0100", "0120", "0420")))


@pytest.mark.parametrize("order", ORDERS, ids=[" ".join(each) for each in ORDERS])
async def test_in_whatever_order_and_how_often_messages_come_the_end_is_the_same(
    network: World, order: tuple[str, ...]
) -> None:
    """An authorisation, the advice of another total, and the reversal of it all."""
    first = network.terminal.message("0100", 2_500)
    messages = {
        "0100": first,
        "0120": network.terminal.about(first, "0120", 3_000),
        "0420": network.terminal.about(first, "0420", 3_000),
    }
    for mti in order:
        answer = await network.line.ask(messages[mti])
        assert answer[39] in ("00", "21")
        again = await network.line.ask(Message(f"{mti[:3]}1", messages[mti].fields))
        assert again.fields == answer.fields
    assert (await network.held(), await network.owed()) == (0, 0)


async def test_another_amount_under_the_same_trace_is_a_duplicate(network: World) -> None:
    asked = network.terminal.message("0100", 4_500)
    await network.line.ask(asked)
    other = Message("0100", {**asked.fields, 4: f"{4_600:012d}"})
    assert (await network.line.ask(other))[39] == "94"
    assert await network.held() == 4_500


async def test_what_is_beyond_the_limit_is_declined_without_approval_code(network: World) -> None:
    answer = await network.line.ask(network.terminal.message("0100", 100_001))
    assert (answer[39], answer.get(38)) == ("51", "")


async def test_an_unknown_card_is_declined(network: World) -> None:
    answer = await network.line.ask(network.terminal.message("0100", 100, f2="5000120000000005"))
    assert answer[39] == "14"
    answer = await network.line.ask(network.terminal.message("0100", 100, f2="5000120000000006"))
    assert answer[39] == "14"


async def test_a_zero_amount_verifies_the_card(network: World) -> None:
    answer = await network.line.ask(network.terminal.message("0100", 0))
    assert answer[39] == "85"
    assert await network.held() == 0


@pytest.mark.parametrize("mti", ["0100", "0200"])
async def test_a_part_is_approved_where_the_merchant_takes_it(network: World, mti: str) -> None:
    """Field 48, element 61 of five characters, of which the first is 1."""
    asked = network.terminal.message(mti, 150_000, f48="610510000")
    answer = await network.line.ask(asked)
    assert (answer[39], int(answer[4]), len(answer[38])) == ("10", 100_000, 6)
    assert await network.held() + await network.owed() == 100_000
    again = await network.line.ask(Message(f"{mti[:3]}1", asked.fields))
    assert again.fields == answer.fields


async def test_another_currency_is_billed_by_its_rate(network: World) -> None:
    asked = network.terminal.message(
        "0100", 5_000, f49="840", f6=f"{4_000:012d}", f51="826", f10="78000000"
    )
    assert (await network.line.ask(asked))[39] == "00"
    (fact,) = network.charged()
    assert (fact.amount.minor_units, fact.amount.currency) == (4_000, "GBP")
    assert (fact.original_amount.minor_units, fact.original_amount.currency) == (5_000, "USD")
    assert fact.rate == "0.8"


async def test_a_charge_is_raised(network: World) -> None:
    first = network.terminal.message("0100", 2_500)
    await network.line.ask(first)
    answer = await network.line.ask(network.terminal.about(first, "0100", 1_500))
    assert answer[39] == "00"
    assert await network.held() == 4_000
    answer = await network.line.ask(network.terminal.about(first, "0100", 200_000))
    assert answer[39] == "51"
    assert await network.held() == 4_000


async def test_a_balance_that_is_not_served_is_said_not_to_be(network: World) -> None:
    answer = await network.line.ask(network.terminal.message("0100", 0, f3="650000"))
    assert (answer.mti, answer[39]) == ("0110", "40")


# Advices


async def test_an_advice_names_the_new_total(network: World) -> None:
    first = network.terminal.message("0100", 100, f25="06", f18="5542")
    await network.line.ask(first)
    answer = await network.line.ask(network.terminal.about(first, "0120", 3_000))
    assert (answer.mti, answer[39]) == ("0130", "00")
    assert await network.held() == 3_000


async def test_a_charge_is_found_by_its_retrieval_reference(network: World) -> None:
    first = network.terminal.message("0100", 100)
    await network.line.ask(first)
    answer = await network.line.ask(network.terminal.message("0120", 250, f37=first[37]))
    assert answer[39] == "00"
    assert await network.held() == 250


async def test_a_financial_advice_posts_with_and_without_authorisation(network: World) -> None:
    first = network.terminal.message("0100", 1_000)
    await network.line.ask(first)
    answer = await network.line.ask(network.terminal.about(first, "0220", 1_200))
    assert (answer.mti, answer[39]) == ("0230", "00")
    assert (await network.held(), await network.owed()) == (0, 1_200)
    forced = await network.line.ask(network.terminal.message("0220", 300))
    assert forced[39] == "00"
    assert await network.owed() == 1_500


async def test_what_the_network_decided_itself_binds(network: World) -> None:
    unheard = network.terminal.message("0100", 150_000)
    stood_in = network.terminal.about(
        unheard, "0120", 150_000, f18="5411", f39="00", f38="123456", f42="MERCHANT-000001"
    )
    answer = await network.line.ask(stood_in)
    assert (answer.mti, answer[39], answer[38]) == ("0130", "00", "123456")
    assert await network.held() == 150_000
    again = await network.line.ask(Message("0121", stood_in.fields))
    assert again.fields == answer.fields
    # The message that went unanswered arrives late, or its clearing does.
    assert (await network.line.ask(unheard))[39] == "00"
    assert await network.held() == 150_000
    await network.line.ask(network.terminal.about(unheard, "0220", 150_000))
    assert (await network.held(), await network.owed()) == (0, 150_000)


async def test_a_balance_is_told(network: World) -> None:
    await network.line.ask(network.terminal.message("0200", 2_000))
    await network.line.ask(network.terminal.message("0100", 500))
    before = network.facts()
    asked = network.terminal.message("0100", 0, f3="310000", f4=None, f49=None)
    answer = await network.line.ask(asked)
    assert answer[39] == "00"
    assert answer[54] == "3002826C000000097500" + "3001826D000000002000"
    unknown = network.terminal.message("0100", 0, f3="310000", f2="5000120000000005")
    assert (await network.line.ask(unknown))[39] == "14"
    assert network.facts() == before


# Financial messages


async def test_a_financial_message_authorises_and_posts_at_once(network: World) -> None:
    asked = network.terminal.message("0200", 2_000)
    answer = await network.line.ask(asked)
    assert (answer.mti, answer[39]) == ("0210", "00")
    assert (await network.held(), await network.owed()) == (0, 2_000)
    again = await network.line.ask(Message("0201", asked.fields))
    assert again.fields == answer.fields
    assert await network.owed() == 2_000
    assert [type(each).__name__ for each in network.charged()] == [
        "ChargeAuthorised",
        "ChargeCleared",
    ]


async def test_a_declined_financial_message_posts_nothing(network: World) -> None:
    answer = await network.line.ask(network.terminal.message("0200", 200_000))
    assert answer[39] == "51"
    assert (await network.held(), await network.owed()) == (0, 0)


async def test_a_return_comes_back(network: World) -> None:
    first = network.terminal.message("0200", 2_000)
    await network.line.ask(first)
    back = await network.line.ask(network.terminal.about(first, "0200", 500, f3="200000"))
    assert back[39] == "00"
    assert await network.owed() == 1_500
    over = await network.line.ask(network.terminal.about(first, "0200", 5_000, f3="200000"))
    assert over[39] == "13"
    loose = await network.line.ask(network.terminal.message("0200", 100, f3="200000"))
    assert loose[39] == "00"
    assert await network.owed() == 1_400


async def test_a_return_is_promised_posted_and_taken_back(network: World) -> None:
    bought = network.terminal.message("0200", 2_000)
    await network.line.ask(bought)
    promised = network.terminal.about(bought, "0100", 500, f3="200000")
    answer = await network.line.ask(promised)
    assert (answer[39], len(answer[38])) == ("00", 6)
    assert await network.owed() == 2_000
    posted = network.terminal.about(promised, "0200", 500, f3="200000")
    assert (await network.line.ask(posted))[39] == "00"
    assert await network.owed() == 1_500
    part = f"{200:012d}".ljust(42, "0")
    back = network.terminal.about(posted, "0400", 500, f3="200000", f95=part)
    assert (await network.line.ask(back))[39] == "00"
    assert await network.owed() == 1_800
    assert (await network.line.ask(Message("0401", back.fields)))[39] == "00"
    assert await network.owed() == 1_800
    over = network.terminal.about(bought, "0100", 5_000, f3="200000")
    assert (await network.line.ask(over))[39] == "13"


async def test_money_that_somebody_sends_is_taken(network: World) -> None:
    answer = await network.line.ask(network.terminal.message("0200", 700, f3="260000"))
    assert answer[39] == "00"
    assert await network.owed() == -700


# Reversals


@pytest.mark.parametrize("order", [("0200", "0420"), ("0420", "0200")], ids=" ".join)
async def test_money_that_was_sent_is_taken_back_in_whatever_order(
    network: World, order: tuple[str, ...]
) -> None:
    sent = network.terminal.message("0200", 700, f3="260000")
    back = network.terminal.about(sent, "0420", 700, f3="260000")
    for mti in (*order, *order):
        message = sent if mti == "0200" else back
        assert (await network.line.ask(message))[39] == "00"
    assert await network.owed() == 0
    part = network.terminal.about(sent, "0400", 700, f3="260000", f95="0" * 42)
    assert (await network.line.ask(part))[39] == "21"


async def test_part_of_what_was_sent_is_taken_back(network: World) -> None:
    sent = network.terminal.message("0200", 700, f3="260000")
    await network.line.ask(sent)
    remains = f"{500:012d}".ljust(42, "0")
    part = network.terminal.about(sent, "0400", 700, f3="260000", f95=remains)
    assert (await network.line.ask(part))[39] == "00"
    assert await network.owed() == -500


@pytest.mark.parametrize("mti", ["0400", "0420", "0401", "0421"])
async def test_a_hold_is_reversed(network: World, mti: str) -> None:
    first = network.terminal.message("0100", 2_000)
    await network.line.ask(first)
    reversal = network.terminal.about(first, mti, 2_000)
    answer = await network.line.ask(reversal)
    assert (answer.mti, answer[39]) == (f"{mti[:2]}{'1' if mti[2] == '0' else '3'}0", "00")
    assert await network.held() == 0
    again = await network.line.ask(Message(f"{mti[:3]}1", reversal.fields))
    assert again.fields == answer.fields
    other = await network.line.ask(network.terminal.about(first, mti, 2_000))
    assert other[39] == "21"


async def test_a_part_is_reversed_by_replacement_amounts(network: World) -> None:
    first = network.terminal.message("0100", 3_000)
    await network.line.ask(first)
    part = network.terminal.about(first, "0400", 3_000, f95=f"{1_000:012d}".ljust(42, "0"))
    assert (await network.line.ask(part))[39] == "00"
    assert await network.held() == 1_000
    assert (await network.line.ask(Message("0401", part.fields)))[39] == "00"
    assert await network.held() == 1_000


async def test_a_part_of_what_was_billed_in_another_currency_is_reversed(network: World) -> None:
    foreign = {"f49": "840", "f6": f"{2_400:012d}", "f51": "826", "f10": "78000000"}
    first = network.terminal.message("0100", 3_000, **foreign)
    await network.line.ask(first)
    assert await network.held() == 2_400
    part = f"{1_000:012d}".ljust(42, "0")
    unbilled = network.terminal.about(first, "0400", 3_000, f49="840", f95=part)
    assert (await network.line.ask(unbilled))[39] == "00"
    assert await network.held() == 800


async def test_what_was_posted_comes_back_when_it_is_reversed(network: World) -> None:
    first = network.terminal.message("0200", 3_000)
    await network.line.ask(first)
    part = network.terminal.about(first, "0420", 3_000, f95=f"{1_000:012d}".ljust(42, "0"))
    assert (await network.line.ask(part))[39] == "00"
    assert await network.owed() == 1_000
    whole = network.terminal.about(first, "0420", 3_000)
    answer = await network.line.ask(whole)
    assert answer[39] == "00"
    assert await network.owed() == 0
    again = await network.line.ask(Message("0421", whole.fields))
    assert again.fields == answer.fields
    assert (await network.line.ask(network.terminal.about(first, "0420", 3_000)))[39] == "21"


async def test_a_reversal_on_the_heels_of_its_authorisation_finds_it(network: World) -> None:
    first = network.terminal.message("0100", 2_000)
    network.line.send(first)
    network.line.send(network.terminal.about(first, "0400", 2_000))
    answers = [await network.line.receive(), await network.line.receive()]
    assert {each.mti: each[39] for each in answers} == {"0110": "00", "0410": "00"}
    assert await network.held() == 0


@pytest.mark.parametrize("mti", ["0100", "0200"])
async def test_a_reversal_before_what_it_reverses_is_kept_for_it(network: World, mti: str) -> None:
    first = network.terminal.message(mti, 2_000)
    answer = await network.line.ask(network.terminal.about(first, "0420", 2_000))
    assert (answer.mti, answer[39]) == ("0430", "00")
    await network.line.ask(first)
    assert (await network.held(), await network.owed()) == (0, 0)


async def test_only_the_increment_is_reversed_where_it_is_named(network: World) -> None:
    first = network.terminal.message("0100", 2_500)
    await network.line.ask(first)
    more = network.terminal.about(first, "0100", 1_500)
    await network.line.ask(more)
    answer = await network.line.ask(network.terminal.about(more, "0400", 1_500))
    assert answer[39] == "00"
    assert await network.held() == 2_500


async def test_a_late_reversal_of_an_authorisation_gives_no_posted_money_back(
    network: World,
) -> None:
    first = network.terminal.message("0100", 2_500)
    await network.line.ask(first)
    posted = network.terminal.about(first, "0220", 2_500)
    await network.line.ask(posted)
    assert (await network.line.ask(network.terminal.about(first, "0420", 2_500)))[39] == "21"
    assert await network.owed() == 2_500
    assert (await network.line.ask(network.terminal.about(posted, "0420", 2_500)))[39] == "00"
    assert await network.owed() == 0
