import time

from parcel_common import describe


def main() -> None:
    print(describe("tracker"), flush=True)
    while True:
        time.sleep(1)
