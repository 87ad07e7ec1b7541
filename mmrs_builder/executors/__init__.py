"""Running jobs: in this process, in a pool of spawned ones, or on a Ray cluster. Results keep the order of jobs."""

from mmrs_builder.executors.local import Processes, depend_on
from mmrs_builder.executors.workers import Crashed, Workers

__all__ = ["Crashed", "Processes", "Workers", "depend_on"]
