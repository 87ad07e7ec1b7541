"""A page to look at a build with: one file, no server, nothing fetched. Shards are untrusted input here."""

from mmrs_builder.gallery.page import write_page

__all__ = ["write_page"]
