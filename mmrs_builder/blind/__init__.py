"""How far questions can be answered without looking at the picture: solvers, how they are tested, and what that proves.

Nothing here knows a file format; ``docs/audit.md`` defines every number.
"""
