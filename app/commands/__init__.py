"""Commands that are a group of their own, a file each."""
