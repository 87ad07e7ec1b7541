"""Build: index, measure, ask, write, finish."""

from mmrs_builder.build.fair import check_held
from mmrs_builder.build.ground import Cluster
from mmrs_builder.build.guard import Limits
from mmrs_builder.build.run import Report, build, build_stage
from mmrs_builder.build.settings import Settings, SourceChoice
from mmrs_builder.build.stages import Reach
from mmrs_builder.build.work import plan_only

__all__ = [
    "Cluster",
    "Limits",
    "Reach",
    "Report",
    "Settings",
    "SourceChoice",
    "build",
    "build_stage",
    "check_held",
    "plan_only",
]
