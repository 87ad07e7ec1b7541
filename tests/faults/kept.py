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
