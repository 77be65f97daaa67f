"""The page: the live model, its camps edited by form, an edit beside its parent.

`edit`, `live` and `pair` know nothing of the page; `page` is what the browser shows. It needs the
extra `page`, and nothing outside this package imports it.
"""
