"""From a file of predictions and the shards they are about to every number of the benchmark (``docs/benchmark.md``)."""

from mmrs_builder.scoring.judge import Judged, Rules, count, judge
from mmrs_builder.scoring.predictions import Predictions, read
from mmrs_builder.scoring.results import results
from mmrs_builder.scoring.text import markdown

__all__ = ["Judged", "Predictions", "Rules", "count", "judge", "markdown", "read", "results"]
