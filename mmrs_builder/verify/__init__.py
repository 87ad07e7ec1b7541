"""A second implementation of the language, for checking the first: it shares no code with it.

Written from ``docs/language.md``; of the project it uses the record types, the vocabulary, the frozen schema and the
digests, and nothing that measures, evaluates or renders.
"""

from __future__ import annotations

from mmrs_builder.verify.folder import verify
from mmrs_builder.verify.report import CODES, Fault, Tally, VerifyReport

__all__ = ["CODES", "Fault", "Tally", "VerifyReport", "verify"]
