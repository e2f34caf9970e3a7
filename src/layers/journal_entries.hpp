#pragma once

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/layers/journal.hpp>

#include "journal_bytes.hpp"

#include <span>
#include <vector>

namespace dynamigrate::layers {

/// Names that a page's entries share are written once; both sides number them alike.
inline constexpr std::size_t kSharedNames = 64;

/// Encodes the entries of one page, one after another.
class EntryEncoder {
public:
    /// Begins the next page.
    void clear();
    void add(const JournalEntry& entry);
    std::string_view encoded() const noexcept { return bytes_.view(); }

private:
    void put_name(std::string_view name);
    void put_value(const dynamodb::AttributeValue& value);
    void put_elements(std::span<const dynamodb::AttributeValue> elements);
    void put_attributes(std::span<const dynamodb::Attribute> attributes);
    bool is_shared_name(std::size_t number, std::string_view name) const noexcept;

    struct Name {
        std::size_t at;
        std::size_t size;
    };

    ByteBuffer bytes_;
    std::vector<Name> names_;   ///< places in `bytes_`
    std::size_t expected_ = 0;  ///< number of the name that follows the last one written
};

/// Decodes the entries of one page. The entries point into the encoded bytes and into the arena.
class EntryDecoder {
public:
    EntryDecoder(std::string_view encoded, base::Arena& arena) : in_(encoded), arena_(arena) {}
    bool at_end() const noexcept { return in_.at_end(); }
    JournalEntry next();

private:
    std::string_view name();
    dynamodb::AttributeValue value(int depth);
    std::span<const dynamodb::AttributeValue> elements(int depth);
    std::span<const dynamodb::Attribute> attributes(int depth);

    ByteReader in_;
    base::Arena& arena_;
    std::vector<std::string_view> names_;
};

}  // namespace dynamigrate::layers
