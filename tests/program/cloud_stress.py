"""171,075 places counted by 64 segments over 8 workers while everything goes wrong, and put back."""

import unittest

import cloud_test


class CloudStress(cloud_test.Case):
    def test_all_places(self):
        self.weather(171_075, 64, 8)


if __name__ == "__main__":
    unittest.main()
