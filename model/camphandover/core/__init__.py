"""One run, compiled: the tables, the rules, the order of a day."""
