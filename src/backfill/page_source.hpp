#pragma once

#include "edit.hpp"

#include <dynamigrate/backfill/backfill.hpp>
#include <dynamigrate/backfill/source.hpp>
#include <dynamigrate/dynamodb/page.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

namespace dynamigrate::backfill {

/// Reads one segment of a source page by page. The position says, in the source's own words, what
/// is done: a new source continues after any position that an earlier one returned.
class PageSource {
public:
    virtual ~PageSource() = default;

    /// Reads about `limit` items into `items` (in the arena) and advances `position`; false when
    /// the source ends with this page.
    virtual bool read(std::size_t limit, std::string& position, base::Arena& arena,
                      std::vector<dynamodb::Item>& items) = 0;
    /// Bytes of the last answer, the measure of what a page costs in memory.
    virtual std::size_t page_bytes() const = 0;
    /// Read units that the last answer says it took; 0: it does not say.
    virtual double read_units() const { return 0; }
    /// Whether items come with some of their attributes only.
    virtual bool reads_in_part() const { return false; }
    /// Items read from the table for the last page, filtered ones included.
    virtual std::uint64_t scanned() const = 0;
    /// Number of the last page's first item in its stream, from 1; 0 where keys name the items.
    virtual std::uint64_t first_number() const { return 0; }
    /// Frees buffers that grew beyond the usual.
    virtual void shrink() = 0;
};

/// What of the plan's `where` the server may evaluate while it reads the source; it is always
/// evaluated here as well. A query's filter may not name the key, and an index may lack attributes.
expressions::ExpressionText server_filter(const Plan& plan, base::Arena& arena);
/// Attributes of the table's items, with those of the key, on which the plan depends and which it
/// changes; empty: possibly all. `where`: the plan's.
std::vector<std::string> attributes_wanted(const Plan& plan, const expressions::Condition& where);
/// Those of the key.
std::vector<std::string> attributes_of(const dynamodb::KeySchema& key);

/// What a source reads with.
struct SourceReader {
    dynamodb::Service* service = nullptr;
    const Target* table = nullptr;
    const expressions::ExpressionText* filter = nullptr;  ///< may be empty
    bool consistent = false;
    std::vector<std::string> attributes = {};  ///< empty: all
    std::stop_token stop_now;
};

std::unique_ptr<PageSource> make_scan(const SourceReader& reader, const std::string& index,
                                      std::uint32_t segment, std::uint32_t total_segments);
std::unique_ptr<PageSource> make_query(const SourceReader& reader, const QuerySource& query);
/// Items of a stream; with `read_items`, their keys are looked up in the table (consistently).
std::unique_ptr<PageSource> make_stream(const SourceReader& reader,
                                        std::unique_ptr<ItemStream> stream, bool read_items);
/// Keys of a spool file, looked up in the table.
std::unique_ptr<PageSource> make_spool_reader(const SourceReader& reader,
                                              const std::filesystem::path& file);

/// Appends the items of the keys, consistently read, to `items`; absent ones are left out.
/// At most 100 keys.
void read_items(dynamodb::Service& service, const Target& table,
                std::span<const dynamodb::Item> keys, base::Arena& arena,
                std::vector<dynamodb::Item>& items, std::stop_token stop);

}  // namespace dynamigrate::backfill
