"""The documentation as a site: Sphinx builds it from the pages in docs/."""
