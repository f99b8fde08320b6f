from setuptools import Extension, setup

setup(ext_modules=[Extension("shop._price", ["shop/_price.c"])])
