"""The jinja2 templates, CSS and scripts of the report."""
