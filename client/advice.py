"""What somebody at a terminal does next, by the reason of an error."""

NEXT = {
    "ACCOUNT_HAS_BALANCE": "first `cards pay ACCOUNT_ID balance` or `cards billing refund-credit`",
    "ACCOUNT_HAS_HOLDS": "`cards account transactions ACCOUNT_ID --status pending` lists them",
    "ACCOUNT_SUSPENDED": "`cards account reinstate ACCOUNT_ID` first",
    "APPROVAL_NOT_PROPOSED": "`cards decide APPLICATION_ID` proposes it",
    "BLOCKED_BY_ISSUER": "`cards card unblock CARD_ID` as operator",
    "BUSINESS_DAY_NOT_FOUND": "a new programme has one within moments: try again",
    "CARD_KEYS_NOT_FOUND": "they are made when something first needs them, such as a PIN",
    "CARD_PENDING": "`cards card activate CARD_ID` first",
    "CHANGE_OF_ANOTHER": "`cards programme reject` is for the changes of others",
    "CHANGE_PENDING": "`cards limit queue` shows it; `cards limit decide` or `confirm` ends it",
    "CONSENT_IN_FORCE": "`cards over-limit revoke ACCOUNT_ID` ends it",
    "KEY_CHANGE_NOT_SUPPORTED": "CARDS_ACCOUNTS_ISO8583_KEY_ENCRYPTION_KEY is not set",
    "NOT_PERMITTED": "somebody else may: `--as` says who asks, where a command has it",
    "NO_BILLING": "its programme has no billing terms; `cards programme version` shows them",
    "NO_CREDIT_LINE_RULES": "`cards limit change ACCOUNT_ID LIMIT` needs none",
    "OFFER_OPEN": "`cards limit answer ACCOUNT_ID OFFER_ID`, with --decline where it is not wanted",
    "PIN_BLOCKED": "`cards card pin-unblock CARD_ID` first",
    "REPAYMENT_PLAN_ACTIVE": "`cards repayments change`, or `cards repayments cancel`, first",
    "ROTATION_WAITS": "`cards keys show PROGRAMME` has its id; `cards keys approve` or `reject` it",
    "SECOND_PERSON_NEEDED": "another says so: `--as operator` or `--as second-operator`",
}
