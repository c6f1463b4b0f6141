"""Device tokens: numbers of their own under which wallets and machines pay with a card."""
