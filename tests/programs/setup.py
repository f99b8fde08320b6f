from setuptools import setup

setup(
    name="own",
    version="1.0",
    packages=["own", "own.tests", "own.site"],
    package_data={"own": ["words.txt"]},
    scripts=["own-helper"],
    entry_points={
        "console_scripts": ["own = own.cli:main", "own-again = own.again:main"],
        "own.plugins": ["one = own.plugin:plugin"],
    },
)
