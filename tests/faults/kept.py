"""Damaged files that once did harm, by the key of their trial: each is tried in every test run.

A key gives the same bytes as long as its host and the mutations stay what they are; the harm is also described by a
test of its own beside the reader.
"""

from __future__ import annotations

from typing import Final

GARBAGE: Final = {
    "metadata-csv/8": "a name with a NUL ended the build with a traceback",
    "json-coco/0": "a damaged COCO file was told as a label that nobody uses",
    "dicom-slice%38": "a slice cut before its rows and columns vanished without a word",
    "mask-nrrd/8149": "a long field of an NRRD header made ITK write beyond a buffer, and the process died",
    "csv-rle/865": "a row that names no film was refused under an empty name",
}
"""Keys of ``garbage.trial``."""

ARCHIVES: Final = ("directory elsewhere",)
"""Tricks of ``archives.CATALOGUE``: members before the beginning of a zip ended unpacking with a traceback."""

SHARDS: Final = {
    "bytes/17": "a shard without a footer ended view with a traceback",
    "bytes/30": "a damaged page ended stats with a traceback",
    "bytes/49": "a damaged page ended a contact sheet with a traceback",
    "bytes/265": "a damaged page that only the figures of wordings are read from ended stats with a traceback",
    "rows/80": "an infinite margin ended view with a traceback",
    "rows/594": "a centroid that is no number ended view with a traceback",
    "rows/103": "a question without an origin of its words ended stats with a traceback",
    "rows/483": "a question without a text ended stats with a traceback",
}
"""Keys of ``hostile_shards.trial``."""
