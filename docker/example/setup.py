"""The repository's own package: the code of both images, and one extra for each of them.

Its dependencies are pinned in requirements.strict.txt.
"""

from setuptools import find_packages, setup

setup(
    name="calculator",
    version="1.0",
    # Twisted finds the plugin in its own folder.
    packages=[*find_packages("src"), "twisted.plugins"],
    py_modules=["sealed"],
    package_dir={"": "src"},
    python_requires=">=3.11",
    install_requires=["pynacl"],
    extras_require={"service": ["remotemath"], "page": ["pyramid", "requests"]},
)
