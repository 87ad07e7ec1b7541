"""Contenders beside each other on the same questions: `__main__.py`."""
