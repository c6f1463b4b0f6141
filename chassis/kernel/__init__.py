"""The pure core: facts, deciders, money, identity, time, errors. Standard library only."""
