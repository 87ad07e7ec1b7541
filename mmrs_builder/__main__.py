"""``python -m mmrs_builder`` is ``mmrs``."""

from mmrs_builder.cli import main

if __name__ == "__main__":
    main()
