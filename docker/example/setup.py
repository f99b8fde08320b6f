"""The repository's own package; its dependencies are pinned in requirements.strict.txt."""

from setuptools import find_packages, setup

setup(
    name="fancycalculator",
    version="1.0",
    packages=find_packages("src"),
    package_dir={"": "src"},
    python_requires=">=3.10",
    install_requires=["pyramid", "requests"],
)
