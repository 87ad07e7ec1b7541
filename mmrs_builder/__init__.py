"""MMRS: from segmentation masks to verified spatial questions and answers."""

__version__ = "0.1.0"
