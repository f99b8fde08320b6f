"""Notes that survive: a small web service that keeps its data on a mounted volume.

``notes`` serves; ``notes backup FILE`` and ``notes restore FILE`` copy the data.  Copy this
package for a service of your own: ``database.py`` has the schema, its migrations and all that
keeps data safe, ``web.py`` the HTTP part, ``__main__.py`` the commands.
"""
