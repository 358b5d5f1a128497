"""A year played on a fake messenger with a moved clock: invented people, real handlers, services,
reminders and delivery."""
