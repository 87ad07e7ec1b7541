"""A segmenter of the SAM family, told where to look: by the true box, or by what another model said."""
