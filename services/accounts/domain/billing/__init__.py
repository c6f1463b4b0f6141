"""Revolving credit: cycles, interest, fees, minimum payments, allocation, delinquency. Pure."""
