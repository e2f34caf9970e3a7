#include "action_file.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>

#include <cerrno>
#include <cstring>

namespace dynamigrate::backfill {

using base::Error;
using base::ErrorKind;
using dynamodb::AttributeValue;
using dynamodb::Item;

namespace {

constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kHeadBytes = 2 * kNumberBytes;
constexpr std::size_t kBufferBytes = 64 * 1024;
constexpr std::uint64_t kMostRecordBytes = 64 * 1024 * 1024;

std::string_view name_of(Action::Kind kind) {
    switch (kind) {
        case Action::Kind::put:
            return "put";
        case Action::Kind::update:
            return "update";
        case Action::Kind::remove:
            break;
    }
    return "delete";
}

Action::Kind kind_of(std::string_view name) {
    return name == "put"      ? Action::Kind::put
           : name == "update" ? Action::Kind::update
                              : Action::Kind::remove;
}

std::string_view name_of(IfExists if_exists) {
    switch (if_exists) {
        case IfExists::keep:
            return "keep";
        case IfExists::replace:
            return "replace";
        case IfExists::fail:
            break;
    }
    return "fail";
}

IfExists if_exists_of(std::string_view name) {
    return name == "keep" ? IfExists::keep : name == "replace" ? IfExists::replace : IfExists::fail;
}

bool is_true(const Item& item, std::string_view name) {
    const AttributeValue* value = item.find(name);
    return value != nullptr && value->as_boolean();
}

std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

}  // namespace

void append_action(std::string& out, const Action& action, std::string_view table) {
    base::Arena arena(512);
    dynamodb::ItemBuilder head(arena);
    head.string("action", name_of(action.kind)).string("table", table);
    head.string("exists", name_of(action.if_exists)).boolean("creates", action.creates);
    if (!action.expression.empty()) {
        head.string("expression", action.expression);
    }
    std::vector<dynamodb::Attribute> names;
    for (const auto& [placeholder, name] : action.names) {
        names.push_back({placeholder, AttributeValue::string(name)});
    }
    head.set("names", AttributeValue::map(names));
    std::vector<AttributeValue> removed;
    for (std::string_view name : action.removed) {
        removed.push_back(AttributeValue::string(name));
    }
    head.set("removed", AttributeValue::list(removed));
    for (const Item& line : {head.build(), action.item, action.update}) {
        out += dynamodb::to_wire_json(line);
        out += '\n';
    }
}

Action ActionParser::parse(std::string_view text, base::Arena& arena) {
    const Item head = parser_.item(take_line(text), arena);
    Action action;
    action.kind = kind_of(head.text("action"));
    action.table = head.text("table");
    action.if_exists = if_exists_of(head.text("exists"));
    action.creates = is_true(head, "creates");
    action.expression = head.text("expression");
    const auto names = head.find("names")->attributes();
    auto* pairs = static_cast<std::pair<std::string_view, std::string_view>*>(
        arena.allocate(sizeof(std::pair<std::string_view, std::string_view>) * names.size(),
                       alignof(std::pair<std::string_view, std::string_view>)));
    for (std::size_t i = 0; i < names.size(); ++i) {
        new (pairs + i)
            std::pair<std::string_view, std::string_view>(names[i].name, names[i].value.text());
    }
    action.names = {pairs, names.size()};
    const auto removed = head.find("removed")->elements();
    auto* texts = arena.allocate_array<std::string_view>(removed.size());
    for (std::size_t i = 0; i < removed.size(); ++i) {
        texts[i] = removed[i].text();
    }
    action.removed = {texts, removed.size()};
    action.item = parser_.item(take_line(text), arena);
    action.update = parser_.item(take_line(text), arena);
    return action;
}

void append_number(std::string& out, std::uint64_t number) {
    for (std::size_t i = 0; i < kNumberBytes; ++i) {
        out += static_cast<char>(static_cast<unsigned char>(number >> (8 * i)));
    }
}

std::uint64_t take_number(std::string_view& from) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < kNumberBytes; ++i) {
        number |= static_cast<std::uint64_t>(static_cast<unsigned char>(from[i])) << (8 * i);
    }
    from.remove_prefix(kNumberBytes);
    return number;
}

void RecordWriter::append(std::string_view record) {
    append_number(buffer_, record.size());
    append_number(buffer_, base::crc32(record));
    buffer_ += record;
    is_synced_ = false;
    if (buffer_.size() >= kBufferBytes) {
        flush();
    }
}

void RecordWriter::flush() {
    file_.append(buffer_);
    buffer_.clear();
}

void RecordWriter::sync() {
    if (!is_synced_) {
        flush();
        file_.sync();
        is_synced_ = true;
    }
}

RecordReader::RecordReader(const std::filesystem::path& path)
    : path_(path),
      file_(std::fopen(path.c_str(), "rb")) {
    if (!file_) {
        throw Error(ErrorKind::not_found, std::strerror(errno)).at("file " + path.string());
    }
}

bool RecordReader::read(char* to, std::size_t size) {
    return std::fread(to, 1, size, file_.get()) == size;
}

bool RecordReader::next(std::string_view& record, bool may_be_torn) {
    char head[kHeadBytes];
    const std::size_t got = std::fread(head, 1, sizeof head, file_.get());
    if (got == 0 && std::ferror(file_.get()) == 0) {
        return false;
    }
    std::string_view numbers(head, got);
    bool is_whole = got == sizeof head;
    if (is_whole) {
        const std::uint64_t size = take_number(numbers);
        const std::uint64_t checksum = take_number(numbers);
        is_whole = size <= kMostRecordBytes;
        if (is_whole) {
            record_.resize(size);
            is_whole = read(record_.data(), size) && base::crc32(record_) == checksum;
        }
    }
    if (!is_whole) {
        if (may_be_torn) {
            return false;
        }
        throw Error(ErrorKind::corrupted, "a record of the file is not as it was written")
            .at("file " + path_.string());
    }
    offset_ += kHeadBytes + record_.size();
    record = record_;
    return true;
}

void RecordReader::seek(std::uint64_t offset) {
    if (::fseeko(file_.get(), static_cast<off_t>(offset), SEEK_SET) != 0) {
        throw Error(ErrorKind::unavailable, std::strerror(errno)).at("file " + path_.string());
    }
    offset_ = offset;
}

}  // namespace dynamigrate::backfill
