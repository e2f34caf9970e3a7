"""examples/cities on the embedded engine: 171,075 places there and back, every attribute equal."""

import unittest

import cities_test


class CitiesStress(cities_test.Case):
    def test_all_places_go_there_and_back(self):
        self.assertEqual(self.places, 171_075)
        self.go_there_and_back()


if __name__ == "__main__":
    unittest.main()
