"""Any vision-language model behind an OpenAI-compatible server, asked the questions of a split: `__main__.py`."""
