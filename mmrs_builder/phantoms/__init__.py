"""Procedural pictures whose truth is known from their parameters: the embedded phantom corpus.

``plan`` decides what lies where (frozen parameters, no pixels), ``shapes`` turns parameters into masks, one module per
modality draws the look, and ``truth`` derives the expected measurements from the parameters alone.
"""
