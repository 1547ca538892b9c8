"""Text in standard forms, pure.

`strict_json`, `json_schema`, `markdown` and `csv_export` are doors, a form each.
"""
