"""Words for what is measured and judged: text, HTML, Markdown and JSON."""
