"""What is concluded from numbers: comparisons, scores, patterns, causes, studies."""
