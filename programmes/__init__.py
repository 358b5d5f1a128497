"""Policy as data: what each programme's document says, and what follows from it.

`values` has the words that packs are written in, `model` one edition of one programme, `catalogue`
loads `packs/*.yaml`, `check` explains mistakes in them, `rules` counts, `rollover` drafts the next
year. Nothing here knows the rest of the house, reads a clock, or does I/O beyond reading packs.
"""
