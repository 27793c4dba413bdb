"""The pages, one module a subject. Each has ``routes(pages)``, which adds its addresses."""
