"""Mutants made by rule that no test can see, each with its reason."""

SURVIVORS: dict[str, str] = {}
