"""The application of the benchmark; its dependencies are pinned in requirements.strict.txt."""

from setuptools import find_packages, setup

setup(
    name="calculator",
    version="1.0",
    packages=find_packages("src"),
    package_dir={"": "src"},
    python_requires=">=3.11",
    extras_require={"page": ["pyramid", "requests"]},
)
