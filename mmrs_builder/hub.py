"""A verified build as a dataset repository of the Hugging Face Hub.

What lies in the repository changes in one commit: readers find the old set or the new one, never a part. Shards are
sent one by one before it; what has arrived once is not sent again, so an interrupted push goes on when it is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from mmrs_builder import __version__
from mmrs_builder.errors import ENVIRONMENT, MmrsError
from mmrs_builder.parcel import origin, stale

MESSAGE: Final = "Publish verified shards"
AGAIN: Final = (
    "What has arrived is kept: run the same command again. `hf auth login` stores a token; REPO is USER/NAME."
)


def push(out: Path, repo: str, files: Collection[str], *, public: bool, sent: Callable[[str], None]) -> str:
    """Send the named files to a dataset repository, which is made if need be, and remove shards of an earlier version.

    ``sent`` is told each file that has arrived. Returns the address of the commit.
    Raises ``MmrsError`` when the Hub cannot be reached or refuses.
    """
    import httpx2
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

    hub = HfApi(library_name="mmrs-builder", library_version=__version__)
    coming = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=origin(out, name)) for name in sorted(files)]
    try:
        hub.create_repo(repo, repo_type="dataset", visibility="public" if public else "private", exist_ok=True)
        there = hub.list_repo_files(repo, repo_type="dataset")
        for operation in coming:
            hub.preupload_lfs_files(repo, additions=[operation], repo_type="dataset", free_memory=False)
            sent(operation.path_in_repo)
        going = [CommitOperationDelete(path_in_repo=name) for name in stale(there, files)]
        commit = hub.create_commit(repo, [*coming, *going], commit_message=MESSAGE, repo_type="dataset")
    except (
        HfHubHTTPError,
        LocalTokenNotFoundError,
        httpx2.TransportError,
        ConnectionError,
        RuntimeError,  # an upload that failed
        ValueError,  # a name that is none, or an upload that the storage refused
    ) as error:
        raise MmrsError(f"{repo}: {_first_line(error)}", code=ENVIRONMENT, hint=AGAIN) from error
    return str(commit.commit_url)


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
