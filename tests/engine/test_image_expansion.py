"""Variables in a Dockerfile, beside what `docker build` makes of the same."""

from __future__ import annotations

import pytest

from .yard import Yard

EXPANSIONS = {
    "env": "ENV A=1 B=two\nENV C=$A D=${B}x E=\"$A ${B}\" F='$A' G=\\$A H=$A$B I=${A}_b",
    "of the same line": "ENV A=old\nENV A=new B=$A",
    "defaults": "ENV A=1 E=\nENV B=${A:-no} C=${X:-yes} D=${E:-empty} F=${A:+set} G=${X:+no}",
    "nested defaults": "ENV A=1\nENV B=${X:-${Y:-$A}} C=\"${X:-a b}\" D=${X:-'q'} E=${X:-\\}}",
    "no names": "ENV A=1$ B=$% C=\"$\" D=$1x E=a$-b F=${A}\\\\$A",
    "the base's": "ENV MORE=/x:$PATH\nWORKDIR $PATH\nLABEL path=${PATH:+there}",
    "args": "ARG A=1\nARG B=${A}2 C\nENV X=$A Y=$B Z=$C-\nENV A=env\nLABEL a=$A",
    "an arg without default ends one": "ARG A=1\nARG A\nENV X=${A:-none}",
    "env wins over a later arg": "ENV A=env\nARG A=arg\nLABEL a=$A",
    "labels": "ENV K=key\nLABEL $K=v \"x $K\"=\"$K\" y='$K'",
    "users and folders": "ENV U=1000 D=/srv\nUSER $U:$U\nWORKDIR $D/a\nWORKDIR ${U}\nENV W=$D",
    "ports": "ENV P=\"80 443/udp\" Q=90\nEXPOSE $P $Q-92",
    "volumes and signals": "ENV V=/v S=INT\nVOLUME $V /$V/x\nVOLUME [\"$V/json\"]\nSTOPSIGNAL $S",  # noqa: E501
    "copies": "ENV A=a D=/new\nCOPY $A.txt ${D}/x/\nCOPY [\"d x\", \"$D/\"]\nCOPY ${A}*.txt $D/y/",  # noqa: E501
    "commands stay": "ENV A=1\nCMD [\"$A\"]\nENTRYPOINT echo $A ${A}\nHEALTHCHECK CMD x $A",
    "another escape": "ENV A=1\nENV B=`$A C=\\$A D=\"`$A`\"\" `\n  E=x",
    "accents": "ENV \u00e9=\u00fc\nENV B=$\u00e9 C=${\u00e9}x",
}  # fmt: skip


@pytest.mark.parametrize("name", EXPANSIONS)
def test_docker_build_expands_the_same(yard: Yard, name: str) -> None:
    first = "# escape=`\n" if name == "another escape" else ""
    yard.assert_same(f"{first}FROM {yard.base}\n{EXPANSIONS[name]}\n")


def test_args_before_from_are_for_from_and_defaults_for_those_after(yard: Yard) -> None:
    name, _, tag = yard.base.rpartition(":")
    yard.assert_same(
        f"ARG NAME={name}\nARG TAG={tag} OTHER=x\nARG ALL=${{NAME}}:$TAG\n"
        "FROM ${ALL:-no} AS run\n"
        "ENV A=${TAG:-unseen}\nARG TAG OTHER=mine\nENV B=$TAG C=$OTHER D=${ALL:-unseen}\n"
    )
