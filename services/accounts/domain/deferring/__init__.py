"""Deferred-interest promotions: interest accrues and is charged only if the balance is not paid."""
