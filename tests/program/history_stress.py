"""Random sequences of commands and kills against the model of the history: many seeds."""

import os
import pathlib
import subprocess
import unittest

import harness

SEEDS = 400


class HistoryTest(unittest.TestCase):
    def test_many_seeds(self):
        tests = pathlib.Path(harness.PROGRAM).parent / "tests" / "migrate_tests"
        if not tests.exists():
            self.skipTest(f"{tests} is not built")
        subprocess.run([tests, "--gtest_filter=HistoryModel.*"], check=True,
                       env=os.environ | {"DYNAMIGRATE_MODEL_SEEDS": str(SEEDS)})


if __name__ == "__main__":
    unittest.main(verbosity=2)
