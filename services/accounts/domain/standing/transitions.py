"""Which standing may follow which, and who may bring it about: the whole table, as data."""

from services.accounts.domain.values import AccountStatus, Channel

Channels = frozenset[Channel]

HOUSE: Channels = frozenset({Channel.OPERATOR, Channel.RISK, Channel.SYSTEM})
BOOKS: Channels = frozenset({Channel.OPERATOR, Channel.SYSTEM})
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
    AccountStatus.CLOSED: {},
}
"""A closed account stays closed; what was charged off can still be closed, once it is settled."""
