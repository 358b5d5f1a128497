"""A cohort's year rehearsed on a copy of the roster: who would be told what, when, and why."""
