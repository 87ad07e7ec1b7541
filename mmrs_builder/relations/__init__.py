"""Relations: pure functions from measured structures to a value and a margin.

Each returns a ``Judged`` or ``None`` where the relation is not defined; a margin of 0 or less means that nothing is
decided. Definitions, with the reasons for them, are in ``docs/language.md`` sections 3 to 5.
"""
