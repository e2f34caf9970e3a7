#include <dynamigrate/migrate/item_file.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/json5.hpp>

#include "byte_stream.hpp"
#include "csv_rows.hpp"
#include "json_elements.hpp"
#include "text_buffer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace dynamigrate::migrate {

namespace {

using base::Arena;
using base::Error;
using base::ErrorKind;
using dynamodb::Item;

/// The file's ending without what says how it is compressed.
std::string kind_of(const std::filesystem::path& path) {
    std::filesystem::path name = path.filename();
    if (name.extension() == ".gz" || name.extension() == ".zst") {
        name = name.stem();
    }
    return name.extension().string();
}

/// Parses the JSON text of one item.
class ItemParser {
public:
    ItemParser(std::string file, ItemFormat format) : file_(std::move(file)), format_(format) {}

    /// `line`: where the text begins in the file.
    Item parse(std::string_view text, int line, Arena& arena) {
        try {
            return format_ == ItemFormat::plain ? parse_plain(text, arena)
                                                : parse_wire(text, arena);
        } catch (const Error& error) {
            throw Error(ErrorKind::invalid_argument, error.message())
                .at(fmt::format("{}:{}", file_, line + line_in_text(error.where()) - 1));
        }
    }

private:
    Item parse_plain(std::string_view text, Arena& arena) {
        return dynamodb::item_from_plain(json::parse_json(text, ""), "", arena);
    }

    Item parse_wire(std::string_view text, Arena& arena) {
        std::string_view inner = exported_item(text);
        if (!inner.empty()) {
            try {
                return parser_.item(inner, arena);
            } catch (const Error&) {
                // An item with an attribute called Item.
            }
        }
        return parser_.item(text, arena);
    }

    /// What stands in {"Item": ...}, or nothing.
    static std::string_view exported_item(std::string_view text) {
        auto skip = [&](std::string_view expected) {
            text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
            bool is_there = text.starts_with(expected);
            text.remove_prefix(is_there ? expected.size() : 0);
            return is_there;
        };
        if (!skip("{") || !skip("\"Item\"") || !skip(":")) {
            return {};
        }
        return text.substr(0, text.rfind('}'));
    }

    /// The line of an error's place such as ":2:5"; 1 when there is none.
    static int line_in_text(std::string_view where) {
        int line = 0;
        std::size_t colon = where.find(':');
        if (colon != std::string_view::npos) {
            std::from_chars(where.data() + colon + 1, where.data() + where.size(), line);
        }
        return std::max(line, 1);
    }

    std::string file_;
    ItemFormat format_;
    dynamodb::WireParser parser_;
};

class LineItems final : public backfill::ItemStream {
public:
    LineItems(const std::filesystem::path& path, ItemFormat format)
        : text_(open_byte_stream(path), path.string()),
          parser_(path.string(), format) {}

    bool next(Arena& arena, Item& item) override {
        while (text_.read_line(line_)) {
            if (line_.find_first_not_of(" \t\r") != std::string::npos) {
                item = parser_.parse(line_, text_.line() - 1, arena);
                return true;
            }
        }
        return false;
    }

private:
    TextBuffer text_;
    ItemParser parser_;
    std::string line_;
};

class ArrayItems final : public backfill::ItemStream {
public:
    ArrayItems(const std::filesystem::path& path, ItemFormat format)
        : text_(open_byte_stream(path), path.string()),
          elements_(text_),
          parser_(path.string(), format) {}

    bool next(Arena& arena, Item& item) override {
        int line = 0;
        if (!elements_.next(element_, line)) {
            return false;
        }
        item = parser_.parse(element_, line, arena);
        return true;
    }

private:
    TextBuffer text_;
    JsonElements elements_;
    ItemParser parser_;
    std::string element_;
};

class CsvItems final : public backfill::ItemStream {
public:
    explicit CsvItems(const std::filesystem::path& path)
        : text_(open_byte_stream(path), path.string()) {
        int line = 0;
        if (!read_csv_row(text_, row_, line)) {
            text_.fail(1, "a CSV file begins with a row of attribute names");
        }
        for (CsvField& field : row_) {
            if (field.text.empty() ||
                std::find(names_.begin(), names_.end(), field.text) != names_.end()) {
                text_.fail(line, fmt::format("attribute name '{}' in the first row is empty or "
                                             "occurs twice",
                                             field.text));
            }
            names_.push_back(std::move(field.text));
        }
    }

    bool next(Arena& arena, Item& item) override {
        int line = 0;
        if (!read_csv_row(text_, row_, line)) {
            return false;
        }
        if (row_.size() != names_.size()) {
            text_.fail(line, fmt::format("{} fields where the first row names {} attributes",
                                         row_.size(), names_.size()));
        }
        auto* attributes = arena.allocate_array<dynamodb::Attribute>(names_.size());
        std::size_t count = 0;
        for (std::size_t i = 0; i < names_.size(); ++i) {
            if (row_[i].is_quoted || !row_[i].text.empty()) {
                attributes[count++] = {arena.copy(names_[i]),
                                       dynamodb::AttributeValue::string(arena.copy(row_[i].text))};
            }
        }
        item = Item({attributes, count});
        return true;
    }

private:
    TextBuffer text_;
    std::vector<std::string> names_;
    std::vector<CsvField> row_;
};

class MemoryItems final : public backfill::ItemStream {
public:
    explicit MemoryItems(std::vector<std::shared_ptr<const dynamodb::OwnedItem>> items)
        : items_(std::move(items)) {}

    bool next(Arena& arena, Item& item) override {
        if (at_ == items_.size()) {
            return false;
        }
        item = items_[at_++]->item.clone(arena);
        return true;
    }

private:
    std::vector<std::shared_ptr<const dynamodb::OwnedItem>> items_;
    std::size_t at_ = 0;
};

}  // namespace

std::string check_item_file_name(const std::filesystem::path& path) {
    std::string kind = kind_of(path);
    if (kind == ".json" || kind == ".ndjson" || kind == ".jsonl" || kind == ".csv") {
        return {};
    }
    return fmt::format(
        "'{}' does not say how its items are written: name it .json, .ndjson or "
        ".csv, with .gz or .zst behind it when it is compressed",
        path.filename().string());
}

std::unique_ptr<backfill::ItemStream> open_item_file(const std::filesystem::path& path,
                                                     ItemFormat format) {
    if (std::string reason = check_item_file_name(path); !reason.empty()) {
        throw Error(ErrorKind::invalid_argument, reason).at(path.string());
    }
    std::string kind = kind_of(path);
    if (kind == ".csv") {
        return std::make_unique<CsvItems>(path);
    }
    if (kind == ".json") {
        return std::make_unique<ArrayItems>(path, format);
    }
    return std::make_unique<LineItems>(path, format);
}

std::unique_ptr<backfill::ItemStream> stream_items(
    std::vector<std::shared_ptr<const dynamodb::OwnedItem>> items) {
    return std::make_unique<MemoryItems>(std::move(items));
}

}  // namespace dynamigrate::migrate
