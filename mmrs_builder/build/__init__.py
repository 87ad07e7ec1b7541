"""Build: index, measure, ask, write, finish."""

from mmrs_builder.build.fair import check_held
from mmrs_builder.build.ground import Cluster
from mmrs_builder.build.guard import Limits
from mmrs_builder.build.run import Report, build, plan_only
from mmrs_builder.build.settings import Settings, SourceChoice

__all__ = ["Cluster", "Limits", "Report", "Settings", "SourceChoice", "build", "check_held", "plan_only"]
