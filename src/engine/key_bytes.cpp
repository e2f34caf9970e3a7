#include "key_bytes.hpp"

#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/dynamodb/number.hpp>

namespace dynamigrate::engine {

using dynamodb::AttributeType;
using dynamodb::AttributeValue;

namespace {

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
        out.push_back(static_cast<char>(value >> shift));
    }
}

/// A 0 in the text is followed by 255, the text's end by 0 and 1.
void append_escaped(std::string& out, std::string_view text) {
    while (true) {
        std::size_t zero = text.find('\0');
        out.append(text.substr(0, zero));
        if (zero == std::string_view::npos) {
            return;
        }
        out.append("\0\xFF", 2);
        text.remove_prefix(zero + 1);
    }
}

}  // namespace

void append_key_value(std::string& out, const AttributeValue& value) {
    if (value.is(AttributeType::number)) {
        dynamodb::append_sortable(out, value.text());
        return;
    }
    append_escaped(out, value.text());
    out.append("\0\x01", 2);
}

void append_key_prefix(std::string& out, const AttributeValue& value) {
    append_escaped(out, value.text());
}

std::uint64_t key_hash(const AttributeValue& value) {
    std::string number;
    std::string_view bytes = value.text();
    if (value.is(AttributeType::number)) {
        dynamodb::append_sortable(number, bytes);
        bytes = number;
    }
    std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a, then SplitMix64's finisher
    for (char c : bytes) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
    hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9ULL;
    hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBULL;
    return hash ^ (hash >> 31);
}

void append_rows_prefix(std::string& out, const Table& table, const Index* index) {
    out.push_back('r');
    append_big_endian(out, table.number, 4);
    append_big_endian(out, index == nullptr ? 0 : index->number, 4);
}

__extension__ using Wide = unsigned __int128;

std::uint64_t segment_begin(std::uint32_t segment, std::uint32_t segments) noexcept {
    return static_cast<std::uint64_t>((static_cast<Wide>(segment) << 64) / segments);
}

void append_hash(std::string& out, std::uint64_t hash) { append_big_endian(out, hash, 8); }

void append_partition(std::string& out, const AttributeValue& partition_key) {
    append_hash(out, key_hash(partition_key));
    append_key_value(out, partition_key);
}

void append_key(std::string& out, const dynamodb::KeySchema& schema, const dynamodb::Item& key) {
    append_key_value(out, *key.find(schema.hash.name));
    if (schema.sort) {
        append_key_value(out, *key.find(schema.sort->name));
    }
}

std::string row_key(const Table& table, const Index* index, const dynamodb::Item& item) {
    const dynamodb::KeySchema& schema = index == nullptr ? table.key : index->key;
    std::string out;
    out.reserve(64);
    append_rows_prefix(out, table, index);
    append_hash(out, key_hash(*item.find(schema.hash.name)));
    append_key(out, schema, item);
    if (index != nullptr) {
        append_key(out, table.key, item);
    }
    return out;
}

std::uint64_t lock_hash(std::string_view row_key) noexcept { return base::fast_hash(row_key); }

std::string expiry_prefix(const Table& table) {
    std::string out = "e";
    append_big_endian(out, table.number, 4);
    return out;
}

std::string expiry_key(const Table& table, std::uint64_t seconds, const dynamodb::Item& item) {
    std::string out = expiry_prefix(table);
    append_big_endian(out, seconds, 8);
    append_key(out, table.key, item);
    return out;
}

std::string after_prefix(std::string prefix) {
    while (!prefix.empty() && prefix.back() == '\xFF') {
        prefix.pop_back();
    }
    if (!prefix.empty()) {
        prefix.back() = static_cast<char>(prefix.back() + 1);
    }
    return prefix;
}

}  // namespace dynamigrate::engine
