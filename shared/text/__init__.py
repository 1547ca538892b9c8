"""Text in standard forms, pure: strict JSON, JSON Schema, Markdown, CSV."""
