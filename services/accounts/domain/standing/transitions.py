"""Which standing may follow which, and who may bring it about: the whole table, as data."""

from services.accounts.domain.values import AccountStatus, Channel

Channels = frozenset[Channel]

HOUSE: Channels = frozenset({Channel.OPERATOR, Channel.RISK, Channel.SYSTEM})
BOOKS: Channels = frozenset({Channel.OPERATOR, Channel.SYSTEM})
TIME: Channels = frozenset({Channel.SYSTEM})
ANYBODY: Channels = frozenset(Channel)

ACCOUNT_TRANSITIONS: dict[AccountStatus, dict[AccountStatus, Channels]] = {
    AccountStatus.ACTIVE: {
        AccountStatus.SUSPENDED: HOUSE,
        AccountStatus.CHARGED_OFF: BOOKS,
        AccountStatus.CLOSED: ANYBODY,
    },
    AccountStatus.SUSPENDED: {
        AccountStatus.ACTIVE: HOUSE,
        AccountStatus.CHARGED_OFF: BOOKS,
        AccountStatus.CLOSED: BOOKS,
    },
    AccountStatus.CHARGED_OFF: {AccountStatus.CLOSED: BOOKS},
    AccountStatus.CLOSED: {AccountStatus.CHARGED_OFF: TIME},
}
"""What was charged off can still be closed, once it is settled. A closed account is never charged
again; what is posted late on it, and never paid, is charged off like any other debt."""
