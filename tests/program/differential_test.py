"""A sample of what differential.py compares: the embedded engine against DynamoDB Local."""

import json
import unittest

import differential


class Differential(unittest.TestCase):
    def test_random_operations_are_answered_alike(self):
        comparison, differences = differential.run(4000, seed=20260101)
        self.assertEqual(differences, [], json.dumps(differences)[:3000])
        self.assertEqual(sum(comparison.operations.values()), 4000)


if __name__ == "__main__":
    unittest.main()
