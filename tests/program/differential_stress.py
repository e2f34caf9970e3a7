"""A hundred thousand random operations on the embedded engine and on DynamoDB Local."""

import json
import unittest

import differential


class Differential(unittest.TestCase):
    def test_a_hundred_thousand_operations_are_answered_alike(self):
        comparison, differences = differential.run(100_000, seed=1)
        differential.report(comparison, differences)
        self.assertEqual(differences, [], json.dumps(differences)[:3000])


if __name__ == "__main__":
    unittest.main()
