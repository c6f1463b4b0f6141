"""The period before a period: what this month is compared with."""

from datetime import date, timedelta

from chassis.kernel.errors import Invalid

ONE_DAY = timedelta(days=1)


def period_before(first: date, last: date) -> tuple[date, date]:
    """As many days that end the day before; for whole months as many months. Where the calendar
    has no such days any more, the first day there is. Raises Invalid for what ends before it
    begins."""
    if last < first:
        raise Invalid("PERIOD_INVERTED", "a period ends after it begins", field="to_date")
    if first == date.min:
        return date.min, date.min
    end = first - ONE_DAY
    if first.day == 1 and _is_last_of_month(last):
        months = (last.year - first.year) * 12 + last.month - first.month + 1
        place = max(0, (first.year - 1) * 12 + first.month - 1 - months)
        return date(place // 12 + 1, place % 12 + 1, 1), end
    days = (last - first).days
    return (date.min if days > (end - date.min).days else end - timedelta(days=days)), end


def _is_last_of_month(day: date) -> bool:
    return day == date.max or (day + ONE_DAY).day == 1
