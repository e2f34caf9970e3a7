#pragma once

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace dynamigrate::dynamodb {

/// One page of a Scan or a Query. Its items live as long as the arena it was read into.
struct Page {
    std::vector<Item> items;
    std::int64_t count = 0;          ///< items that passed the filter
    std::int64_t scanned_count = 0;  ///< items read before the filter
    Item last_evaluated_key;         ///< empty: there is no further page
};

/// Reads the answers of Scan and Query; unknown members and any order of members are fine.
///
/// Threads: one at a time. Keeps its buffers from page to page.
class PageReader {
public:
    PageReader();
    ~PageReader();
    PageReader(PageReader&&) noexcept;
    PageReader& operator=(PageReader&&) noexcept;

    /// Replaces what `page` held. The body keeps its text but may be moved, to have spare bytes
    /// behind it. Errors: Error corrupted for what is no such answer.
    void read(Reply& reply, base::Arena& arena, Page& page);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace dynamigrate::dynamodb
