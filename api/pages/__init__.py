"""HTML pages: templates, one stylesheet, and what fills them. Nothing is loaded from elsewhere."""
