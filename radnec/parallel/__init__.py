"""Work shared among processes and machines: each on one thread, none lost, what is warned there told here."""
