"""The console: what the chat shows an office, as pages that are searched, sorted and exported."""
