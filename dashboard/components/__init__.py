"""The building blocks of pages; they know results and formats, nothing below."""
