"""Here-documents: the lines that follow ``RUN <<EOF``, as BuildKit reads them.

https://docs.docker.com/reference/dockerfile/#here-documents
"""

from __future__ import annotations

import re

import attrs

from .words import split_words

_BEGIN = re.compile(r"\d*<<(-?)([^<]+)", re.S)
_TAKERS = re.compile(r"\s*(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s+(?!\[)", re.I)


@attrs.frozen
class HereDocument:
    """A here-document that begins: *word* ends it; tabs before it count if *tabs* is false."""

    word: str
    tabs: bool = False

    def ends_at(self, line: str) -> bool:
        """Return whether *line* is the last one of the document."""
        return (line.lstrip("\t") if self.tabs else line) == self.word


def is_here_document(word: str) -> bool:
    """Return whether a word of an instruction begins a here-document."""
    return _BEGIN.fullmatch(word) is not None


def begun_by(text: str) -> list[HereDocument]:
    """Return the here-documents that the instruction *text* begins, in order."""
    taker = _TAKERS.match(text)
    if taker is None or "<<" not in text:
        return []
    words = split_words(text[taker.end() :], "\\")
    matches = [match for word in words if (match := _BEGIN.fullmatch(word))]
    return [HereDocument(re.sub(r"['\"]", "", match[2]), bool(match[1])) for match in matches]


def without_here_documents(text: str) -> str:
    """Return the words of an instruction that begin no here-document."""
    if "<<" not in text:
        return text
    return " ".join(word for word in split_words(text, "\\") if not is_here_document(word))
