import humanize


def describe(name: str) -> str:
    return f"{name} knows {humanize.intword(1200000)} parcels"
