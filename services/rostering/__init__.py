"""Rosters from sheets: what rows say, what would become of each, doing it, undoing it."""
