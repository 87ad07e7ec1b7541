"""Two readers judge a sample of a build, some of it wrong on purpose: pages, their agreement, what to leave out."""
