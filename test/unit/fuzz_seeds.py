"""What test/fuzz begins with: files that the generators of the tests make.

    python fuzz_seeds.py DIRECTORY     writes page.seeds, csv.seeds, avro.seeds
"""
import pathlib
import random
import sys

import test_avro_scan
import test_csv_scan
import test_page_scan

NUMBER = 300


def main(directory):
    rng = random.Random(20261124)
    for name in ("page", "csv", "avro"):
        (directory / f"{name}.seeds").mkdir()
    for i in range(NUMBER):
        page = test_page_scan.make_page(rng)[0]
        n, _, rows = test_csv_scan.make(rng)
        branches, _, file = test_avro_scan.make(rng)
        step = bytes([rng.randrange(256)])
        (directory / "page.seeds" / str(i)).write_bytes(page if isinstance(page, bytes) else page.encode())
        (directory / "csv.seeds" / str(i)).write_bytes(bytes([n - 1]) + step + rows.encode())
        (directory / "avro.seeds" / str(i)).write_bytes(bytes([len(branches) // 2 - 1]) + step + file)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
