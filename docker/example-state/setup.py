"""The service has no dependencies besides Python's standard library."""

from setuptools import find_packages, setup

setup(
    name="notes",
    version="1.0",
    packages=find_packages("src"),
    package_dir={"": "src"},
    python_requires=">=3.11",
)
