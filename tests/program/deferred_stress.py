"""Deferred actions through many kills: deferred_stress.py [KILLS]."""

import sys
import unittest

from deferred_test import DeferredTest

DeferredTest.kills = int(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 200

if __name__ == "__main__":
    unittest.main(defaultTest=["DeferredTest.test_killed_at_random_moments",
                               "DeferredTest.test_killed_in_each_phase"])
