#pragma once

#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Items that a new index would silently leave out, found before it is built.
namespace dynamigrate::migrate {

/// An item that cannot be in the index.
struct KeyViolation {
    std::string key;     ///< wire JSON, or its digest
    std::string reason;  ///< "email is N, not S"
};

struct KeyViolations {
    std::uint64_t read = 0;
    std::uint64_t count = 0;
    std::vector<KeyViolation> first;  ///< some of them
    bool stopped = false;
};

/// Scans the table with the run's pace, in segments at once; the service sends only items that
/// violate the index's key: an attribute of another type, empty, or longer than 2048 bytes (hash)
/// or 1024 (sort). An absent attribute is no violation: the item is not in the index by intent.
KeyViolations find_violations(const StepRun& run, const dynamodb::TableDescription& table,
                              const IndexDefinition& index);

/// Why the item cannot be in the index; "" when it can, or is not meant to.
std::string violation_of(const dynamodb::Item& item, const IndexDefinition& index);

/// "3 of 1200 items violate the key of index by_email: key 3f2a9c81d07e: email is N, not S; ..."
std::string violations_line(const KeyViolations& found, const std::string& index);

}  // namespace dynamigrate::migrate
