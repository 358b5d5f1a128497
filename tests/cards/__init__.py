"""The page of all cards, `docs/cards.html`, which `make cards` writes anew."""
