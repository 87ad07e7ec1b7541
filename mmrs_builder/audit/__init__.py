"""``mmrs audit``: whether a finished build can be answered without its pictures."""

from __future__ import annotations

from mmrs_builder.audit.run import Audit, Unit, audit

__all__ = ["Audit", "Unit", "audit"]
