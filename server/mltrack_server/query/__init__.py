"""The filter language: text becomes a tree, and a tree a mask over columns.

docs/query.md describes it for users. Nothing here knows HTTP or SQL, and nothing is evaluated as
code.
"""
