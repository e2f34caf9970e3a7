#pragma once

#include <dynamigrate/dynamodb/service.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace dynamigrate::authoring {

/// Some records.
struct RecordBatch {
    std::string json;  ///< an array
    std::uint64_t count = 0;
    std::uint64_t scanned_pages = 0;  ///< so far
    std::size_t ready = 0;            ///< records that wait behind these
};

/// Where a script's records come from. Threads: one at a time.
class RecordSource {
public:
    virtual ~RecordSource() = default;
    /// Nothing at the end. Errors: cancelled; of the service; invalid_argument for a wrong line,
    /// after all before it were given.
    virtual std::optional<RecordBatch> next(const std::stop_token& stop) = 0;
};

/// The table's items in DynamoDB JSON, page by page, read ahead by one thread for each segment. The
/// service must outlive it. `stop`: ends the reading.
std::unique_ptr<RecordSource> make_scan_records(dynamodb::Service& service, std::string table,
                                                std::uint32_t segments, std::stop_token stop);

/// Lines of a descriptor, as they come: DynamoDB JSON, or plain JSON. Blank ones are skipped.
std::unique_ptr<RecordSource> make_line_records(int descriptor, bool is_plain);

}  // namespace dynamigrate::authoring
