#pragma once

#include "overlay_base.hpp"
#include "overlay_images.hpp"
#include "overlay_marks.hpp"
#include "stored_rows.hpp"

#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>

namespace dynamigrate::engine {

/// What an overlay is made of.
struct OverlayParts {
    OverlayBase& base;
    StoredRows& layer;  ///< items that were put here, with their index entries
    OverlayMarks& marks;
    OverlayImages& images;
    std::shared_mutex& mutex;  ///< shared to read layer and marks together, alone to change them
};

/// Items of a Scan or Query of the base, one after the other, page by page.
class BaseStream {
public:
    /// `members`: those of the request but for ExclusiveStartKey and Limit, without braces.
    BaseStream(OverlayBase& base, std::string_view operation, std::string table,
               std::string members);

    /// Before the first page: other members.
    void ask(std::string members) { members_ = std::move(members); }
    void start_after(const dynamodb::Item& key);
    /// Makes it give nothing more.
    void end();

    /// The item at the head, or nullptr at the end. Reads a page of at most `limit` items (0: as many
    /// as the service gives) when none is left.
    const dynamodb::Item* head(std::size_t limit);
    void pop() { ++next_; }
    bool must_fetch() const { return next_ == page_.items.size() && !is_last_; }

private:
    void fetch(std::size_t limit);

    OverlayBase& base_;
    std::string operation_, table_, members_;
    std::string start_;  ///< wire JSON, "" : from the beginning
    dynamodb::PageReader reader_;
    base::Arena arena_;
    dynamodb::Page page_;
    std::size_t next_ = 0;
    bool is_last_ = false;
};

/// Rows of a table or an index that the base has too: its entries, with changed items in place of
/// theirs where they lie at the same place, and the others of the overlay: in the order of the sort
/// key for a Query, behind the base's for a Scan.
///
/// Among entries of one sort key those of the base's places come first.
class OverlayCursor final : public RowCursor {
public:
    OverlayCursor(const OverlayParts& parts, const Table& table, const QueryRange& range);
    OverlayCursor(const OverlayParts& parts, const Table& table, const ScanRange& range);

    const Row* next() override;
    bool rests() const override { return !has_base_row_ && base_.must_fetch(); }

private:
    void start_scan(const ScanRange& range);
    void start_query(const QueryRange& range);
    void start_index_query(const QueryRange& range);

    void find_base_row(bool may_fetch);
    bool make_base_row(const dynamodb::Item& item);
    bool make_changed_row(const dynamodb::Item& key, const OverlayMark& mark);
    void find_overlay_row();
    bool lies_in_place(const dynamodb::Item& item);
    bool is_base_next();
    bool is_beyond(const dynamodb::Item& item) const;

    OverlayParts parts_;
    const Table& table_;
    const Index* index_;
    bool is_query_;
    bool is_forward_ = true;
    std::optional<expressions::KeyCondition> condition_;  ///< what a narrowed range must keep to
    std::size_t expected_;
    std::size_t given_ = 0;

    BaseStream base_;
    bool has_base_row_ = false;
    StoredRow base_row_;

    std::optional<ScanRange> tail_;  ///< of a Scan, not begun yet
    std::unique_ptr<RowCursor> overlay_;
    bool is_overlay_over_ = false;
    const Row* overlay_row_ = nullptr;
    dynamodb::Item overlay_item_;

    base::Arena base_arena_{1024}, overlay_arena_{1024};
    dynamodb::WireParser parser_;
    StoredRow current_;
    Row view_{};
};

}  // namespace dynamigrate::engine
