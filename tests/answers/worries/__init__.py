"""Sentences that tell of need, or of nothing, and what is learned from them.

`taught/` is learned from; `kept_apart.jsonl` was written by somebody else, and is only scored.
"""
