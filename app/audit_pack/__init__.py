"""The yearly audit pack: one page to read and one book of tables, in a zip."""
