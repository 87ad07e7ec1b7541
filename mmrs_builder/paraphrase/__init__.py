"""Other words for the same question, made by a language model and let through only where no fact can have changed."""
