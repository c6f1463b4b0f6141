"""The words on a statement's pages, in English and in simplified Chinese."""

from services.accounts.domain.billing.statement import InterestCause, LineKind
from services.accounts.domain.billing.terms import BalanceType
from services.accounts.rendering.document import Language

Pair = tuple[str, str]

WORDS: dict[str, Pair] = {
    "title": ("Statement of your credit card account", "信用卡账户对账单"),
    "account": ("Account", "账户"),
    "number": ("Statement number", "对账单编号"),
    "period": ("Period", "账期"),
    "to": ("to", "至"),
    "page": ("Page {page} of {pages}", "第 {page} 页，共 {pages} 页"),
    "summary": ("Summary", "账户摘要"),
    "opening": ("Previous balance", "上期余额"),
    "payments": ("Payments", "还款"),
    "refunds": ("Refunds and credits", "退款及贷记"),
    "purchases": ("Purchases", "消费"),
    "cash_advances": ("Cash advances", "预借现金"),
    "balance_transfers": ("Balance transfers", "余额转入"),
    "other_debits": ("Other debits", "其他借记"),
    "fees": ("Fees charged", "费用"),
    "interest": ("Interest charged", "利息"),
    "closing": ("New balance", "本期余额"),
    "limit": ("Credit limit", "信用额度"),
    "available": ("Available credit", "可用额度"),
    "disputed": ("Of which in dispute, not due now", "其中争议金额（暂不需偿还）"),
    "payment": ("Payment", "还款信息"),
    "minimum": ("Minimum payment due", "最低还款额"),
    "past_due": ("Of which past due", "其中逾期金额"),
    "instalments": ("Of which instalments", "其中分期金额"),
    "due_on": ("Payment due date", "到期还款日"),
    "late_fee": (
        "Late payment warning: if we do not receive your minimum payment by {due_on}, you may have"
        " to pay a late fee of up to {fee}.",
        "逾期还款警告：如果我们在 {due_on} 前未收到您的最低还款额，"
        "您可能需要支付最高 {fee} 的逾期费。",
    ),
    "over_limit": (
        "You were charged a fee for exceeding your credit limit. You may revoke your consent to"
        " such fees at any time, in any way in which it can be given: electronically, by telephone"
        " or in writing.",
        "您因超出信用额度被收取了超限费。您可以随时撤销对此类费用的同意，"
        "方式与给予同意相同：通过电子方式、电话或书面形式。",
    ),
    "penalty": (
        "Your annual rates may be increased up to the penalty rate of {rate}.",
        "您的年利率可能提高至最高 {rate} 的惩罚性利率。",
    ),
    "payoff": (
        "Minimum payment warning: if you make only the minimum payment each period, you will pay"
        " more in interest and it will take you longer to pay off your balance. For example:",
        "最低还款警告：如果您每期只偿还最低还款额，您将支付更多利息，并需要更长时间还清余额。例如：",
    ),
    "never": (
        "Minimum payment warning: even if you make no more charges using this card, if you make"
        " only the minimum payment each month we estimate you will never pay off the balance shown"
        " on this statement.",
        "最低还款警告：即使您不再使用此卡消费，如果您每月只偿还最低还款额，我们估计您将永远无法还清"
        "本对账单所示余额。",
    ),
    "payoff_each": (
        "If you make no additional charges and each month you pay",
        "如果您不再消费，且每月偿还",
    ),
    "payoff_months": ("You will pay off the balance in about", "您将在大约以下时间还清余额"),
    "payoff_total": ("And end up paying an estimated total of", "您将总共支付约"),
    "payoff_minimum": ("Only the minimum payment", "仅最低还款额"),
    "payoff_saving": ("{total} (savings = {savings})", "{total}（节省 {savings}）"),
    "years": ("{count} years", "{count} 年"),
    "months": ("{count} months", "{count} 个月"),
    "transactions": ("Transactions", "交易明细"),
    "credits": ("Payments and credits", "还款及贷记"),
    "debits": ("Purchases and other debits", "消费及其他借记"),
    "date": ("Date", "交易日"),
    "posted": ("Posted", "入账日"),
    "description": ("Description", "摘要"),
    "amount": ("Amount", "金额"),
    "total": ("Total", "合计"),
    "nothing": ("Nothing in this period.", "本期无记录。"),
    "year_fees": ("Total fees charged in {year}", "{year} 年累计费用"),
    "year_interest": ("Total interest charged in {year}", "{year} 年累计利息"),
    "calculation": ("Interest charge calculation", "利息计算"),
    "calculation_note": (
        "Your annual percentage rate (APR) is the annual interest rate on your account.",
        "年利率（APR）是您账户的年化利率。",
    ),
    "balance_type": ("Type of balance", "余额类型"),
    "apr": ("APR", "年利率"),
    "subject": ("Balance subject to interest", "计息余额"),
    "days": ("Days", "天数"),
    "explained": ("How each amount of interest came about", "利息明细"),
    "from": ("From", "起始日"),
    "cause": ("Because", "原因"),
    "balance": ("Balance", "余额"),
    "credit_balance": ("Credit balance", "溢缴款"),
    "plan": ("instalment plan", "分期计划"),
    "protected": ("at the rate of before", "沿用原利率"),
    "deferred": ("Deferred interest balances", "递延计息余额"),
    "deferred_by": (
        "You must pay your promotional balance of {balance} in full by {ends_on} to avoid paying"
        " accrued interest charges.",
        "您必须在 {ends_on} 前全额还清促销余额 {balance}，以免支付已累计的利息。",
    ),
    "deferred_accrued": (
        "Deferred interest charge so far at {rate} from {since}: {accrued}.",
        "自 {since} 起按年利率 {rate} 累计的递延利息：{accrued}。",
    ),
}

KINDS: dict[LineKind, Pair] = {
    LineKind.CHARGE: ("Purchase", "消费"),
    LineKind.REFUND: ("Refund", "退款"),
    LineKind.CREDIT: ("Credit", "贷记"),
    LineKind.PAYMENT: ("Payment, thank you", "还款，谢谢"),
    LineKind.PAYMENT_RETURNED: ("Payment returned", "还款退回"),
    LineKind.BALANCE_TRANSFER: ("Balance transfer", "余额转入"),
    LineKind.FEE: ("Fee", "费用"),
    LineKind.FEE_WAIVED: ("Fee waived", "费用减免"),
    LineKind.INTEREST: ("Interest", "利息"),
    LineKind.INTEREST_ADJUSTED: ("Interest adjusted", "利息调整"),
    LineKind.CREDIT_REFUNDED: ("Credit balance refunded", "溢缴款退还"),
    LineKind.CHARGED_OFF: ("Charged off", "核销"),
}

BALANCES: dict[BalanceType, Pair] = {
    BalanceType.PURCHASE: ("Purchases", "消费"),
    BalanceType.CASH_ADVANCE: ("Cash advances", "预借现金"),
    BalanceType.BALANCE_TRANSFER: ("Balance transfers", "余额转入"),
    BalanceType.FEE: ("Fees", "费用"),
    BalanceType.DEFERRED: ("Promotional purchases", "促销消费"),
}

CAUSES: dict[InterestCause, Pair] = {
    InterestCause.NO_GRACE: ("no grace period for this balance", "此类余额无免息期"),
    InterestCause.GRACE_LOST: ("not paid by the due date", "到期未还清"),
    InterestCause.CARRIED: ("carried over from before", "以前账期结转"),
    InterestCause.NEW_WITHOUT_GRACE: (
        "new, while the last balance was not paid in full",
        "上期未全额还款，新消费不享受免息期",
    ),
    InterestCause.FEE: ("fee that bears interest", "计息费用"),
    InterestCause.INSTALMENT_PLAN: ("instalment plan", "分期计划"),
    InterestCause.DEFERRAL_ENDED: ("promotion ended unpaid", "促销期满未还清"),
}


def pick(pair: Pair, language: Language) -> str:
    """The text of a pair in a language."""
    return pair[1] if language is Language.CHINESE else pair[0]
